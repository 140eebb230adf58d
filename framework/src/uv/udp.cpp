// framework/src/uv/udp.cpp: sockets for datagrams: opening them, and what is awaited of them.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/udp.hpp>

#include <new>
#include <utility>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/task_report.hpp>

#include "udp_socket.hpp"

namespace pyasync::uv {
namespace detail {

namespace {

constexpr const char* from_another_loop =
    "pyasync: this uv::udp is at home on another loop: use it in tasks of the loop that it was opened on";

}  // namespace

udp_open_awaiter::udp_open_awaiter(const address& local, const address& remote, const udp_options& options,
                                   pyasync::detail::task_context& context, const std::source_location& where) noexcept
    : operation(context, where), local_(local), remote_(remote), options_(options) {}
udp_open_awaiter::~udp_open_awaiter() = default;

bool udp_open_awaiter::begin() noexcept {
    made_ = owned<udp_socket>(new (std::nothrow) udp_socket);
    return ended_at_once(made_ ? made_->open(local_, remote_, options_) : UV_ENOMEM);
}

udp udp_open_awaiter::await_resume() {
    throw_failure();
    return udp(std::move(made_));
}

void udp_open_awaiter::describe(pyasync::detail::task_report& into) const { into.waits_for = "uv::" + subject(); }

std::string udp_open_awaiter::subject() const {
    std::string text = "udp";
    if (local_.family() != AF_UNSPEC || remote_.family() == AF_UNSPEC) text += " bind " + local_.to_string();
    if (remote_.family() != AF_UNSPEC) text += " connect " + remote_.to_string();
    return text;
}

bool udp_transfer::is_here() noexcept { return &socket_->home() == &home(); }

bool udp_transfer::misused(const char* how) noexcept {
    misuse_ = how;
    return ended_at_once(0);
}

void udp_transfer::finish() const {
    if (misuse_ != nullptr) fail(std::make_exception_ptr(misuse(misuse_)));
    throw_failure();
}

bool udp_receive_awaiter::begin() noexcept {
    if (!is_here()) return misused(from_another_loop);
    local_ = socket_->local();
    if (!socket_->is_open()) return ended_at_once(UV_EBADF);
    if (socket_->is_received_from()) {
        return misused("pyasync: a task waits for this uv::udp's next datagram already: one receive_from() at a time");
    }
    const int status = socket_->start(*this);
    return status < 0 ? ended_at_once(status) : true;
}

void udp_receive_awaiter::withdraw() noexcept { socket_->stop(*this); }

datagram udp_receive_awaiter::await_resume() const {
    finish();
    return come_;
}

void udp_receive_awaiter::describe(pyasync::detail::task_report& into) const { into.waits_for = "uv::" + subject(); }

std::string udp_receive_awaiter::subject() const { return "udp receive at " + local_.to_string(); }

bool udp_send_awaiter::begin() noexcept {
    if (!is_here()) return misused(from_another_loop);
    udp_socket& socket = *socket_;
    if (to_.family() == AF_UNSPEC) to_ = socket.remote();
    if (!socket.is_open()) return ended_at_once(UV_EBADF);
    const int status = socket.start(*this);
    if (status == UV_EAGAIN) return true;
    socket_ = nullptr;
    if (status < 0 || !socket.gives_way()) return ended_at_once(status);
    end_later(status);
    return true;
}

void udp_send_awaiter::withdraw() noexcept { socket_->stop(*this); }

void udp_send_awaiter::await_resume() const { finish(); }

void udp_send_awaiter::describe(pyasync::detail::task_report& into) const { into.waits_for = "uv::" + subject(); }

std::string udp_send_awaiter::subject() const { return "udp send to " + to_.to_string(); }

}  // namespace detail

using detail::udp_socket;

udp::udp(detail::owned<udp_socket> socket) noexcept : socket_(std::move(socket)) {}
udp::udp(udp&& other) noexcept = default;
udp& udp::operator=(udp&& other) noexcept = default;
udp::~udp() = default;

void udp::close() {
    if (!socket_) return;
    static_cast<void>(socket_here());
    socket_ = {};
}

udp_socket& udp::open_socket() const {
    if (!socket_) throw misuse("pyasync: this uv::udp has been closed, or moved to another place");
    return *socket_;
}

udp_socket& udp::socket_here() const {
    udp_socket& socket = open_socket();
    if (!socket.home().is_current()) throw misuse(detail::from_another_loop);
    return socket;
}

detail::udp_receive_operation udp::receive_from(const mutable_buffer& room) { return {&open_socket(), room}; }

detail::udp_send_operation udp::send_to(const const_buffer& bytes, const address& to) {
    return {&open_socket(), bytes, to};
}

address udp::local_address() const { return open_socket().local(); }
address udp::remote_address() const { return open_socket().remote(); }

namespace {

/// Throws for a negative status.
void check(int status, const udp_socket& socket, const std::string& what) {
    if (status < 0) throw error(status, "udp " + socket.local().to_string() + " " + what);
}

void change_membership(udp_socket& socket, const address& group, const address& interface, uv_membership how) {
    const std::string by = interface.ip();
    const int status = uv_udp_set_membership(&socket.raw(), group.ip().c_str(), by.empty() ? nullptr : by.c_str(), how);
    check(status, socket, (how == UV_JOIN_GROUP ? "join " : "leave ") + group.ip() + (by.empty() ? "" : " by " + by));
}

}  // namespace

void udp::set_broadcast(bool allowed) {
    udp_socket& socket = socket_here();
    check(uv_udp_set_broadcast(&socket.raw(), allowed ? 1 : 0), socket, "set_broadcast");
}

void udp::join(const address& group, const address& interface) {
    change_membership(socket_here(), group, interface, UV_JOIN_GROUP);
}

void udp::leave(const address& group, const address& interface) {
    change_membership(socket_here(), group, interface, UV_LEAVE_GROUP);
}

void udp::set_multicast_interface(const address& interface) {
    udp_socket& socket = socket_here();
    const std::string by = interface.ip();
    check(uv_udp_set_multicast_interface(&socket.raw(), by.c_str()), socket, "set_multicast_interface " + by);
}

void udp::set_multicast_ttl(int hops) {
    udp_socket& socket = socket_here();
    check(uv_udp_set_multicast_ttl(&socket.raw(), hops), socket, "set_multicast_ttl " + std::to_string(hops));
}

void udp::set_multicast_loop(bool heard_here) {
    udp_socket& socket = socket_here();
    check(uv_udp_set_multicast_loop(&socket.raw(), heard_here ? 1 : 0), socket, "set_multicast_loop");
}

}  // namespace pyasync::uv
