// framework/include/pyasync/core/line_wait.hpp: the awaiters that stand in a line until they are served.
// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <mutex>
#include <source_location>

#include <pyasync/core/task_context.hpp>
#include <pyasync/core/waiting_line.hpp>
#include <pyasync/core/work.hpp>

namespace pyasync::detail {

/// Base of the awaiters of what tasks at home on different threads wait for in turn.
///
/// What is there is taken without waiting, on any thread, but for every 64th time on a thread: then the task gives way
/// to its loop's other work, as one that waits does, so that who always finds something starves nobody. Who has to wait
/// is served by another thread, under the lock, and posted to his home after it. So a cancellation finds him either in
/// the line, which he leaves without a trace, or served: then he has what he waited for, and the next wait throws it.
class line_wait : public suspension, protected line_member, work {
public:
    [[nodiscard]] bool await_ready() {
        context().throw_if_cancelled();
        served_ = try_to_take();
        return served_ && !gives_way();
    }

protected:
    line_wait(std::mutex& lock, waiting_line& line, task_context& context, const std::source_location& where,
              void* hand = nullptr) noexcept
        : suspension(context, where), line_member(hand), work(&continue_task), lock_(lock), line_(line) {}
    ~line_wait() = default;

    /// Under the lock: takes what it waits for, or is turned away; false where neither can be, and it has to join.
    [[nodiscard]] virtual bool take(serving& now) = 0;

    /// The first thing in `await_resume`: throws what has ended the wait, if that is not that it has been served.
    void conclude() {
        if (error_) fail(error_);
        if (left_) fail(std::make_exception_ptr(cancelled()));
        if (cancelled_late_) context().cancel_next_wait();
    }

private:
    [[nodiscard]] bool try_to_take() {
        serving now(lock_);
        return take(now);
    }
    [[nodiscard]] bool gives_way() const noexcept;
    [[nodiscard]] bool begin() noexcept final;
    void cancel() noexcept final;
    void called() noexcept final { context().home().post(*this); }
    static void continue_task(work& self, delivery how) noexcept;

    std::mutex& lock_;
    waiting_line& line_;
    std::exception_ptr error_;
    bool served_ = false;  ///< before it had to join
    bool left_ = false;
    bool cancelled_late_ = false;
};

}  // namespace pyasync::detail
