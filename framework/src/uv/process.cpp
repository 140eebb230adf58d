// framework/src/uv/process.cpp: waiting for processes, killing and reaping them.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/process.hpp>

#include <poll.h>
#include <sys/wait.h>

#include <cerrno>
#include <utility>

#include <pyasync/core/fork.hpp>
#include <pyasync/core/misuse.hpp>
#include <pyasync/core/task_report.hpp>

#include "process_handle.hpp"

namespace pyasync::uv {
namespace detail {

process_handle::process_handle(pid_t pid, std::string program, descriptor end)
    : pid_(pid), program_(std::move(program)), end_(std::move(end)) {
    check(uv_poll_init(home().raw(), &raw_, end_.number()), "uv_poll_init");
    opened();
}

void process_handle::start() {
    const int status = uv_poll_start(&raw_, UV_READABLE, &ended);
    if (status < 0) close();  // nobody would learn of its end: so it is killed and reaped
    check(status, "uv_poll_start");
}

/// Where it has not ended, the loop has, or there was no memory to go on with.
process_handle::~process_handle() {
    if (has_ended_ || pyasync::detail::in_forked_child()) return;
    kill_unless_detached();
    constexpr int patience_ms = 1000;  // some are in the kernel, where no signal reaches them
    pollfd end{.fd = end_.number(), .events = POLLIN, .revents = 0};
    if (kill_in_the_end_) ::poll(&end, 1, patience_ms);
    reap();
}

void process_handle::kill(int signal) const {
    if (has_ended_) return;
    if (::kill(pid_, signal) == 0) return;
    throw error(-errno,
                "send signal " + std::to_string(signal) + " to " + program_ + " (" + std::to_string(pid_) + ")");
}

void process_handle::kill_unless_detached() const noexcept {
    if (kill_in_the_end_) ::kill(pid_, SIGKILL);
}

void process_handle::reap() noexcept {
    siginfo_t how{};
    int result = 0;
    do {
        result = ::waitid(P_PID, static_cast<id_t>(pid_), &how, WEXITED | WNOHANG);
    } while (result < 0 && errno == EINTR);
    if (result == 0 && how.si_pid == 0) return;  // it runs
    has_ended_ = true;
    if (result < 0) {
        lost_ = -errno;
    } else if (how.si_code == CLD_EXITED) {
        exit_.code = how.si_status;
    } else {
        exit_.signal = how.si_status;
    }
}

void process_handle::ended(uv_poll_t* raw, int, int) noexcept {
    auto& self = *static_cast<process_handle*>(static_cast<handle*>(raw->data));
    self.reap();
    if (self.has_ended_) self.close();
}

void process_handle::tell(process_awaiter& waiter) const noexcept {
    waiter.exit_ = exit_;
    waiter.awaited_ = nullptr;
    has_ended_ ? waiter.end_later(lost_) : waiter.end_closed();
}

void process_handle::closes() noexcept {
    while (!waiters_.empty()) tell(waiters_.pop());
    uv_poll_stop(&raw_);
}

void process_handle::disowned() noexcept {
    while (!waiters_.empty()) tell(waiters_.pop());
    if (!has_ended_) kill_unless_detached();
}

process_awaiter::process_awaiter(process_handle& awaited, pyasync::detail::task_context& context,
                                 const std::source_location& where)
    : operation(context, where), awaited_(&awaited), pid_(awaited.pid()) {
    require_home(context, awaited);
}

bool process_awaiter::begin() noexcept {
    if (awaited_->has_ended_) {
        exit_ = awaited_->exit_;
        return ended_at_once(awaited_->lost_);
    }
    awaited_->waiters_.push(*this);
    return true;
}

void process_awaiter::withdraw() noexcept { awaited_->waiters_.remove(*this); }

exit_status process_awaiter::await_resume() const {
    throw_failure();
    return exit_;
}

std::string process_awaiter::subject() const { return "take the exit status of process " + std::to_string(pid_); }

void process_awaiter::describe(pyasync::detail::task_report& into) const {
    into.waits_for = "uv: process " + std::to_string(pid_) + " to end";
}

}  // namespace detail

process::process(detail::owned<detail::handle> handle) noexcept : handle_(std::move(handle)) {}

detail::process_handle& process::handle() const {
    if (!handle_) throw misuse("pyasync: this process has been moved away");
    return static_cast<detail::process_handle&>(*handle_);
}

int process::pid() const { return handle().pid(); }

detail::process_operation process::wait() { return {&handle()}; }

namespace {

pipe& made_a_pipe(std::optional<pipe>& stream, const char* name) {
    if (stream) return *stream;
    throw misuse(std::string("pyasync: ") + name + " of this process is no pipe: say command." + name +
                 "(stdio::piped()) before it starts");
}

}  // namespace

pipe& process::stdin() { return made_a_pipe(pipes_[0], "stdin"); }
pipe& process::stdout() { return made_a_pipe(pipes_[1], "stdout"); }
pipe& process::stderr() { return made_a_pipe(pipes_[2], "stderr"); }

void process::kill(int signal) {
    if (!handle().home().is_current()) throw misuse("pyasync: a process is sent signals on its own loop");
    handle().kill(signal);
}

void process::detach() && {
    handle().detach();
    const process left(std::move(*this));
}

}  // namespace pyasync::uv
