// tests/support/executor_threads.hpp: several threads, each of which runs an executor.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "support/manual_executor.hpp"

namespace pyasync::test {

/// They run what is posted to them until this goes: then all tasks have to have ended.
class executor_threads {
public:
    explicit executor_threads(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) members_.push_back(std::make_unique<member>());
    }

    [[nodiscard]] std::size_t size() const noexcept { return members_.size(); }
    [[nodiscard]] detail::executor& operator[](std::size_t index) noexcept { return *members_[index]->executor; }

private:
    struct member final : detail::work {
        member() : work(&end), thread([this] { run(); }) { made.wait(); }
        member(const member&) = delete;
        member& operator=(const member&) = delete;
        ~member() {
            executor->post(*this);
            thread.join();
        }
        void run() {
            manual_executor mine;
            executor = &mine;
            made.count_down();
            mine.run_until([this] { return over; });
        }
        static void end(work& self, detail::delivery) noexcept { static_cast<member&>(self).over = true; }

        std::latch made{1};
        manual_executor* executor = nullptr;
        bool over = false;
        std::thread thread;
    };

    std::vector<std::unique_ptr<member>> members_;
};

}  // namespace pyasync::test
