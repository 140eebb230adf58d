// framework/include/pyasync/core/turnstile.hpp: what lets so many in at a time, and the others wait in turn.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <mutex>
#include <source_location>
#include <string>
#include <utility>

#include <pyasync/core/line_wait.hpp>
#include <pyasync/core/misuse.hpp>
#include <pyasync/core/ref.hpp>
#include <pyasync/core/task_report.hpp>
#include <pyasync/core/waiting_line.hpp>

namespace pyasync::detail {

/// A mutex lets one in. Where somebody waits, who leaves gives him his place: so nobody overtakes, and none is lost.
class turnstile final : public ref_counted {
public:
    turnstile(const char* what, std::size_t free, std::size_t most) noexcept : name(what), free_(free), most_(most) {}

    [[nodiscard]] bool try_to_enter() noexcept {
        const std::lock_guard held(lock);
        return enter();
    }
    /// False where nobody is in.
    bool leave() noexcept {
        serving now(lock);
        if (!line.empty()) {
            now.serve_first(line);
        } else if (free_ < most_) {
            ++free_;
        } else {
            return false;
        }
        return true;
    }
    /// It is no more for who waits; who is in may leave.
    void destroy() noexcept {
        serving now(lock);
        now.turn_all_away(line);
    }
    [[nodiscard]] std::size_t free() noexcept {
        const std::lock_guard held(lock);
        return free_;
    }

    /// Under the lock.
    [[nodiscard]] bool enter() noexcept {
        if (free_ == 0) return false;
        --free_;
        return true;
    }

    std::mutex lock;
    waiting_line line;  ///< only where none is free
    const char* const name;

private:
    ~turnstile() override = default;

    std::size_t free_;
    const std::size_t most_;
};

/// Who is in, and leaves when this goes. May be moved to another thread, and outlive what let him in.
class pass {
public:
    explicit pass(ref<turnstile> entered) noexcept : entered_(std::move(entered)) {}
    pass(pass&&) noexcept = default;
    pass& operator=(pass other) noexcept {
        std::swap(entered_, other.entered_);
        return *this;
    }
    ~pass() { leave(); }

    [[nodiscard]] bool is_in() const noexcept { return static_cast<bool>(entered_); }
    void leave() noexcept {
        if (const auto left = std::exchange(entered_, {})) left->leave();
    }
    /// Nobody leaves with this any more.
    void stay() noexcept { entered_ = {}; }

private:
    ref<turnstile> entered_;
};

template <typename Pass>
class turnstile_awaiter final : public line_wait {
public:
    turnstile_awaiter(ref<turnstile> entered, task_context& context, const std::source_location& where) noexcept
        : line_wait(entered->lock, entered->line, context, where), entered_(std::move(entered)) {}

    [[nodiscard]] Pass await_resume() {
        conclude();
        if (turned_away()) {
            fail(std::make_exception_ptr(misuse("pyasync: " + std::string(entered_->name) +
                                                " was destroyed while a task waited for it; keep it for as long as "
                                                "the task runs")));
        }
        return Pass(std::move(entered_));
    }

private:
    [[nodiscard]] bool take(serving&) override { return entered_->enter(); }
    void describe(task_report& into) const override { into.waits_for = entered_->name; }

    ref<turnstile> entered_;
};

template <typename Pass>
class [[nodiscard("it is the co_await that waits, and what it gives that has to be kept")]] turnstile_operation {
public:
    using value_type = Pass;

    explicit turnstile_operation(ref<turnstile> entered) noexcept : entered_(std::move(entered)) {}
    [[nodiscard]] turnstile_awaiter<Pass> awaiter_in(task_context& context,
                                                     const std::source_location& where) && noexcept {
        return turnstile_awaiter<Pass>(std::move(entered_), context, where);
    }

private:
    ref<turnstile> entered_;
};

}  // namespace pyasync::detail
