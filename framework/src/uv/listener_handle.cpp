// framework/src/uv/listener_handle.cpp: binding, listening and accepting.
// SPDX-License-Identifier: MIT
#include "listener_handle.hpp"

#include <fcntl.h>

#include <cerrno>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/task_report.hpp>

namespace pyasync::uv::detail {
namespace {

/// So many in a row; then others of the loop have their turn.
constexpr int most_in_a_row = 64;

int or_errno(int result) noexcept { return result < 0 ? -errno : result; }

}  // namespace

address local_address_of(const descriptor& socket) noexcept {
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    auto* const raw = reinterpret_cast<sockaddr*>(&bound);
    return ::getsockname(socket.number(), raw, &size) < 0 ? address() : address(*raw);
}

descriptor listen_at(const listen_request& how) {
    const auto doing = [&](int result) {
        if (result < 0) throw error(-errno, "listen at " + how.name);
        return result;
    };
    descriptor socket(doing(::socket(how.at->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)));
    const auto set = [&](int level, int option) {
        const int on = 1;
        doing(::setsockopt(socket.number(), level, option, &on, sizeof on));
    };
    if (how.at->sa_family != AF_UNIX) set(SOL_SOCKET, SO_REUSEADDR);
    if (how.reuse_port) set(SOL_SOCKET, SO_REUSEPORT);
    if (how.ipv6_only) set(IPPROTO_IPV6, IPV6_V6ONLY);
    doing(::bind(socket.number(), how.at, how.size));
    doing(::listen(socket.number(), how.backlog));
    return socket;
}

listener_handle::listener_handle(descriptor socket, std::string name, std::shared_ptr<const socket_file> file)
    : socket_(std::move(socket)), name_(std::move(name)), file_(std::move(file)) {
    check(uv_poll_init(home().raw(), &raw_, socket_.number()), "uv_poll_init");
    opened();
}

address listener_handle::local_address() const noexcept { return local_address_of(socket_); }

owned<handle> listener_handle::share_here() const {
    descriptor own(or_errno(::fcntl(socket_.number(), F_DUPFD_CLOEXEC, 0)));
    if (own.number() < 0) throw error(own.release(), "listen at " + name_ + " on one more loop");
    return owned<handle>(new listener_handle(std::move(own), name_, file_));
}

int listener_handle::wait(accept_wait& waiter) noexcept {
    if (!polling_) {
        const int status = uv_poll_start(&raw_, UV_READABLE, &ready);
        if (status < 0) return status;
        polling_ = true;
    }
    waiters_.push(waiter);
    return 0;
}

void listener_handle::closes() noexcept {
    while (!waiters_.empty()) waiters_.pop().end_closed();
    uv_poll_stop(&raw_);
    socket_ = descriptor();
    file_.reset();
}

void listener_handle::ready(uv_poll_t* raw, int status, int) noexcept {
    auto& self = *static_cast<listener_handle*>(static_cast<handle*>(raw->data));
    if (status < 0) self.polling_ = false;  // libuv has stopped it
    self.serve(status);
}

void listener_handle::serve(int status) noexcept {
    for (int served = 0; served < most_in_a_row && !waiters_.empty(); ++served) {
        accepted come;
        const int result = status < 0 ? status : accept_one(come);
        if (result == UV_EAGAIN) return;
        accept_wait& waiter = waiters_.pop();
        waiter.come_ = std::move(come);
        waiter.end(result < 0 ? result : 0);
    }
    if (waiters_.empty() && polling_ && is_open()) {
        uv_poll_stop(&raw_);
        polling_ = false;
    }
}

int listener_handle::accept_one(accepted& into) const noexcept {
    for (;;) {
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        auto* const raw = reinterpret_cast<sockaddr*>(&peer);
        const int result = or_errno(::accept4(socket_.number(), raw, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
        // Some have given up by then.
        if (result == -EINTR || result == -ECONNABORTED || result == -EPROTO) continue;
        if (result < 0) return result == -EWOULDBLOCK ? UV_EAGAIN : result;
        into.socket = descriptor(result);
        into.peer = address(*raw);
        return 0;
    }
}

accept_wait::accept_wait(detail::handle& listener, pyasync::detail::task_context& context,
                         const std::source_location& where)
    : operation(context, where), listener_(static_cast<listener_handle*>(&listener)) {
    require_home(context, listener);
}

bool accept_wait::begin() noexcept {
    if (!listener_->is_open()) return ended_at_once(UV_EBADF);
    const int status = listener_->wait(*this);
    return status == 0 || ended_at_once(status);
}

void accept_wait::withdraw() noexcept { listener_->withdraw(*this); }

accepted accept_wait::take() {
    throw_failure();
    return std::move(come_);
}

std::string accept_wait::subject() const { return "accept a connection at " + listener_->name(); }

void accept_wait::describe(pyasync::detail::task_report& into) const {
    into.waits_for = is_over() ? "uv: a connection, which is there" : "uv: a connection at " + listener_->name();
}

listener_handle& any_listener::get() const { return static_cast<listener_handle&>(base()); }

handle& any_listener::base() const {
    if (!handle_) throw misuse("pyasync: this listener has been moved away");
    return *handle_;
}

const std::string& any_listener::name() const { return get().name(); }

address any_listener::local_address() const { return get().local_address(); }

void any_listener::close() {
    if (!base().home().is_current()) throw misuse("pyasync: a listener is closed on its own loop");
    base().close();
}

owned<handle> any_listener::share_here() const {
    if (!base().is_open()) throw misuse("pyasync: this listener is closed");
    return get().share_here();
}

}  // namespace pyasync::uv::detail
