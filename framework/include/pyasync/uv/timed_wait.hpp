// framework/include/pyasync/uv/timed_wait.hpp: what the awaiters that wait for a time have in common.
// SPDX-License-Identifier: MIT
#pragma once

#include <source_location>

#include <pyasync/core/task_context.hpp>
#include <pyasync/core/work.hpp>
#include <pyasync/uv/loop.hpp>
#include <pyasync/uv/timer_queue.hpp>

namespace pyasync::uv::detail {

/// A task waits here until a time has come, or gives way once to whatever else the loop has to do.
class timed_wait : public pyasync::detail::suspension, pyasync::detail::work, timer_entry {
public:
    [[nodiscard]] bool await_ready() {
        context().throw_if_cancelled();
        return false;
    }
    void await_resume() const;

protected:
    timed_wait(const char* name, pyasync::detail::task_context& context, const std::source_location& where) noexcept
        : suspension(context, where), work(&continue_task), name_(name) {}
    ~timed_wait() = default;

    /// In `begin`, one of them.
    bool wait_until(clock::time_point deadline) noexcept;
    bool give_way() noexcept;

private:
    void expired() noexcept override { resume(); }
    void cancel() noexcept override;
    void describe(pyasync::detail::task_report& into) const override;
    static void continue_task(work& self, pyasync::detail::delivery how) noexcept;

    const char* name_;
    bool cancelled_ = false;
    bool over_ = false;
    bool out_of_memory_ = false;
};

/// Until a deadline; one that has passed gives way once.
class deadline_wait : public timed_wait {
public:
    deadline_wait(const char* name, clock::time_point deadline, pyasync::detail::task_context& context,
                  const std::source_location& where) noexcept
        : timed_wait(name, context, where), deadline_(deadline) {}

private:
    bool begin() noexcept override { return deadline_ <= clock::now() ? give_way() : wait_until(deadline_); }

    clock::time_point deadline_;
};

}  // namespace pyasync::uv::detail
