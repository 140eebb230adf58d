// framework/src/uv/task_inquiry.cpp: a loop's description of what it runs.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/task_inquiry.hpp>

#include <algorithm>
#include <new>
#include <utility>

#include <pyasync/core/outbox.hpp>
#include <pyasync/uv/loop_pool.hpp>

#include "letter.hpp"

namespace pyasync::uv {

using pyasync::detail::delivery;
using pyasync::detail::in_flight;
using pyasync::detail::task_report;
using pyasync::detail::work;

class task_inquiry::question final : public detail::letter {
public:
    explicit question(filter meant) : letter(&arrive), meant_(std::move(meant)) {}

    static void ask(const std::shared_ptr<question>& asked, loop& to) {
        if (to.is_current()) {
            asked->tasks_ = asked->described(to.running());
            asked->is_here_ = true;
        } else {
            letter::send(asked, to);
        }
    }
    [[nodiscard]] reports answer_until(detail::clock::time_point end) {
        if (!is_here_ && !answered_until(end)) return {};
        return std::move(tasks_);
    }

private:
    [[nodiscard]] std::vector<task_report> described(const pyasync::detail::in_flight_list& running) const {
        std::vector<task_report> tasks;
        for (const in_flight* entry = running.first(); entry != nullptr; entry = entry->next()) {
            if (!meant_ || meant_(*entry)) entry->describe(tasks.emplace_back());
        }
        std::ranges::reverse(tasks);  // the list has the latest first
        return tasks;
    }
    static void arrive(work& self, delivery how) noexcept {
        auto& mine = static_cast<question&>(self);
        if (how == delivery::served) {
            try {
                mine.tasks_ = mine.described(mine.running());
            } catch (const std::bad_alloc&) {
                // None, then: who asks has no memory for them either.
            }
        }
        answer(self, how);
    }

    const filter meant_;
    std::vector<task_report> tasks_;
    bool is_here_ = false;
};

task_inquiry::task_inquiry(const filter& meant) {
    for (loop* const each : loop_pool::instance().running()) {
        question::ask(asked_.emplace_back(std::make_shared<question>(meant)), *each);
    }
    pyasync::detail::outbox::flush_current();
}

task_inquiry::~task_inquiry() = default;

std::vector<task_inquiry::reports> task_inquiry::answers(detail::clock::time_point end) {
    std::vector<reports> all;
    all.reserve(asked_.size());
    for (const auto& each : asked_) all.push_back(each->answer_until(end));
    return all;
}

}  // namespace pyasync::uv
