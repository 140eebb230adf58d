// framework/src/uv/process_handle.hpp: a child process on one loop, and the tasks that wait for its end.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>
#include <uv.h>

#include <string>

#include <pyasync/uv/descriptor.hpp>
#include <pyasync/uv/handle.hpp>
#include <pyasync/uv/process.hpp>

namespace pyasync::uv::detail {

/// Polls for the end of a process, and reaps it. It goes on without an owner until then.
///
/// (libuv's own `uv_spawn` learns of it by a handler of SIGCHLD, of which a process has one: Python's child watchers and
/// a second libuv, as uvloop has, would take it from each other.)
class process_handle final : public handle {
public:
    process_handle(pid_t pid, std::string program, descriptor end);
    ~process_handle() override;

    /// Begins to wait for its end; throws where that cannot be, and the process ends then.
    void start();

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    [[nodiscard]] const std::string& program() const noexcept { return program_; }

    void kill(int signal) const;
    void detach() noexcept { kill_in_the_end_ = false; }

private:
    friend class process_awaiter;

    [[nodiscard]] uv_handle_t* raw_handle() noexcept override { return reinterpret_cast<uv_handle_t*>(&raw_); }
    void closes() noexcept override;
    void disowned() noexcept override;
    static void ended(uv_poll_t* raw, int status, int events) noexcept;

    void kill_unless_detached() const noexcept;
    /// Takes the exit status, where there is one.
    void reap() noexcept;
    void tell(process_awaiter& waiter) const noexcept;

    uv_poll_t raw_{};
    pid_t pid_;
    std::string program_;
    descriptor end_;
    bool kill_in_the_end_ = true;
    bool has_ended_ = false;
    int lost_ = 0;  ///< the error for which there is no exit status
    exit_status exit_;
    operation_queue<process_awaiter> waiters_;
};

}  // namespace pyasync::uv::detail
