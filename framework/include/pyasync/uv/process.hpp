// framework/include/pyasync/uv/process.hpp: a process that this one has started.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <csignal>
#include <optional>
#include <source_location>
#include <string>

#include <pyasync/uv/command.hpp>
#include <pyasync/uv/exit_status.hpp>
#include <pyasync/uv/handle.hpp>
#include <pyasync/uv/operation.hpp>
#include <pyasync/uv/operation_queue.hpp>
#include <pyasync/uv/pipe.hpp>

namespace pyasync::uv {

namespace detail {

class process_handle;

class process_awaiter final : public operation {
public:
    process_awaiter(process_handle& awaited, pyasync::detail::task_context& context, const std::source_location& where);

    [[nodiscard]] exit_status await_resume() const;

private:
    friend class process_handle;
    friend class operation_queue<process_awaiter>;

    bool begin() noexcept override;
    void withdraw() noexcept override;
    void describe(pyasync::detail::task_report& into) const override;
    [[nodiscard]] std::string subject() const override;

    process_handle* awaited_;
    int pid_;
    exit_status exit_;
    process_awaiter* next_ = nullptr;
};

struct process_operation {
    using value_type = exit_status;
    process_handle* awaited;
    [[nodiscard]] process_awaiter awaiter_in(pyasync::detail::task_context& context,
                                             const std::source_location& where) const {
        return {*awaited, context, where};
    }
};

}  // namespace detail

/// A running process, and what is left of it when it has ended; `command::start` makes one.
///
///     auto sort = co_await pyasync::uv::command("sort").stdin(uv::stdio::piped()).stdout(uv::stdio::piped()).start();
///     co_await sort.stdin().write("b\na\n");
///     sort.stdin().close();
///     std::string sorted = co_await sort.stdout().read_all();
///     if (auto how = co_await sort.wait(); !how.success()) throw std::runtime_error("sort has " + how.to_string());
///
/// **Ownership.** One that is destroyed before it has ended is killed (SIGKILL), so that a task which is cancelled
/// leaves nothing running; `detach` leaves it. In either case it is reaped, and no zombie stays. **Thread.** It
/// belongs to the loop that it was started on, and is used by that loop's tasks; its destructor may run anywhere.
class process {
public:
    [[nodiscard]] int pid() const;

    /// This side of what `command` has made a pipe; else `misuse`. Nothing is read ahead but what the pipe holds: a process
    /// that writes faster than you read waits, and so do you where it does not read.
    [[nodiscard]] pipe& stdin();
    [[nodiscard]] pipe& stdout();
    [[nodiscard]] pipe& stderr();

    /// Waits until it has ended; any number of tasks may, then and later.
    ///
    /// **Cancellation.** Ends at once; the process goes on. **Errors.** `uv::error` (`ECHILD`) where somebody else in this
    /// program has taken the exit status (by `os.wait()`, or by ignoring SIGCHLD).
    [[nodiscard]] detail::process_operation wait();

    /// Sends it a signal; nothing where it has ended. Throws `uv::error`.
    void kill(int signal = SIGTERM);

    /// Lets go of it, and it goes on by itself. Its pipes are closed.
    void detach() &&;

private:
    friend class command;
    explicit process(detail::owned<detail::handle> handle) noexcept;
    [[nodiscard]] detail::process_handle& handle() const;

    detail::owned<detail::handle> handle_;
    std::array<std::optional<pipe>, 3> pipes_;
};

}  // namespace pyasync::uv
