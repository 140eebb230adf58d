// framework/include/pyasync/uv/operation.hpp: what the awaiters of libuv's operations have in common.
// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <source_location>
#include <string>

#include <pyasync/core/task_context.hpp>
#include <pyasync/core/work.hpp>
#include <pyasync/uv/error.hpp>
#include <pyasync/uv/loop.hpp>

namespace pyasync::uv::detail {

/// A task waits for libuv here. It ends once, with one of libuv's statuses: by `end`, in a callback of libuv's, or by
/// `end_later`, where the task must not continue at once. Loop thread only.
class operation : public pyasync::detail::suspension, protected pyasync::detail::work {
public:
    [[nodiscard]] bool await_ready() {
        context().throw_if_cancelled();
        return false;
    }

protected:
    operation(pyasync::detail::task_context& context, const std::source_location& where) noexcept
        : suspension(context, where), work(&arrive) {}
    ~operation() = default;

    /// From `begin` on: the loop that it runs on.
    [[nodiscard]] static loop& home() noexcept { return *loop::current(); }

    /// In a callback of libuv's: the task continues; the last thing that touches this object.
    void end(int status) noexcept {
        home().stay_awake();
        status_ = status;
        resume();
    }
    /// Where the task must not continue at once.
    void end_later(int status) noexcept {
        over_ = true;
        status_ = status;
        context().home().post(*this);
    }
    /// A cancellation of the task. One that comes when it has ended, and only the task has not gone on yet, is for the
    /// next wait.
    void cancel() noexcept override {
        if (!over_) {
            withdraw();
            cancelled_ = true;
            end_later(0);
        } else if (!cancelled_) {
            context().cancel_next_wait();
        }
    }
    /// While it waits: from now on nobody ends it but its cancellation.
    virtual void withdraw() noexcept {}

    /// What it was about is closed, and may be gone when the task continues.
    void end_closed() noexcept {
        closed_ = closed_meanwhile();
        end_later(0);
    }
    /// In `begin`, which returns false then: there is nothing to wait for.
    bool ended_at_once(int status) noexcept {
        status_ = status;
        return false;
    }

    /// What it has ended with.
    [[nodiscard]] int status() const noexcept { return status_; }
    [[nodiscard]] bool was_cancelled() const noexcept { return cancelled_; }
    /// Has it ended, but for the task's going on? What it was about may be gone.
    [[nodiscard]] bool is_over() const noexcept { return over_; }

    /// What is tried, in words, for errors: with the other end's name, or the path.
    [[nodiscard]] virtual std::string subject() const = 0;

    /// Throws `cancelled`; or, for a negative status, `error` with its subject; or that it was closed.
    void throw_failure() const {
        if (cancelled_) fail(std::make_exception_ptr(cancelled()));
        if (closed_) fail(closed_);
        if (status_ < 0) fail(std::make_exception_ptr(error(status_, subject())));
    }

private:
    [[nodiscard]] std::exception_ptr closed_meanwhile() const noexcept;
    static void arrive(work& self, pyasync::detail::delivery how) noexcept {
        if (how == pyasync::detail::delivery::served) static_cast<operation&>(self).resume();
    }

    int status_ = 0;
    bool over_ = false;
    bool cancelled_ = false;
    std::exception_ptr closed_;
};

}  // namespace pyasync::uv::detail
