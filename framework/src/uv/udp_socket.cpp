// framework/src/uv/udp_socket.cpp: what libuv tells of a socket for datagrams, and to whom it goes.
// SPDX-License-Identifier: MIT
#include "udp_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <new>

namespace pyasync::uv::detail {
namespace {

/// A status of libuv's.
int take_name(const uv_udp_t& raw, address& into) noexcept {
    sockaddr_storage name{};
    int length = sizeof name;
    auto* const any = reinterpret_cast<sockaddr*>(&name);
    const int status = uv_udp_getsockname(&raw, any, &length);
    if (status == 0) into = address(*any);
    return status;
}

int share_port(const uv_udp_t& raw) noexcept {
    uv_os_fd_t descriptor = -1;
    const int status = uv_fileno(reinterpret_cast<const uv_handle_t*>(&raw), &descriptor);
    if (status < 0) return status;
    const int yes = 1;
    return ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) == 0 ? 0 : -errno;
}

udp_socket& socket_of(void* data) noexcept { return static_cast<udp_socket&>(*static_cast<handle*>(data)); }

}  // namespace

int udp_socket::open(const address& local, const address& remote, const udp_options& options) noexcept {
    const address& named = local.family() != AF_UNSPEC ? local : remote;
    if (named.family() == AF_UNSPEC) return UV_EINVAL;
    int status = uv_udp_init_ex(home().raw(), &raw_, static_cast<unsigned>(named.family()));
    if (status < 0) return status;
    opened();
    if (options.reuse_port && (status = share_port(raw_)) < 0) return status;
    if (local.family() != AF_UNSPEC) {
        const unsigned flags = (options.reuse_address ? unsigned{UV_UDP_REUSEADDR} : 0) |
                               (options.ipv6_only ? unsigned{UV_UDP_IPV6ONLY} : 0);
        if ((status = uv_udp_bind(&raw_, local.raw(), flags)) < 0) return status;
    }
    if (remote.family() != AF_UNSPEC && (status = uv_udp_connect(&raw_, remote.raw())) < 0) return status;
    remote_ = remote;
    return take_name(raw_, local_);
}

int udp_socket::start(udp_receive_awaiter& waiting) noexcept {
    if (!listens_) {
        const int status = uv_udp_recv_start(&raw_, &give_room, &come);
        if (status < 0) return status;
        listens_ = true;
    }
    receiver_ = &waiting;
    return 0;
}

void udp_socket::stop(udp_receive_awaiter& waiting) noexcept {
    waiting.socket_ = nullptr;
    receiver_ = nullptr;
}

void udp_socket::give_room(uv_handle_t* raw, std::size_t, uv_buf_t* room) noexcept {
    udp_receive_awaiter* const waiting = socket_of(raw->data).receiver_;
    // Without room libuv reads nothing, so that what has come stays with the system.
    if (waiting == nullptr) return;
    const bool any = waiting->room_.size() != 0;
    *room = uv_buf_init(any ? waiting->room_.data() : &waiting->spare_,
                        any ? static_cast<unsigned>(std::min<std::size_t>(waiting->room_.size(), UINT_MAX)) : 1);
}

void udp_socket::come(uv_udp_t* raw, ssize_t size, const uv_buf_t*, const sockaddr* from, unsigned flags) noexcept {
    udp_socket& self = socket_of(raw->data);
    udp_receive_awaiter* const waiting = self.receiver_;
    if (waiting == nullptr) {
        uv_udp_recv_stop(raw);
        self.listens_ = false;
        return;
    }
    if (size == 0 && from == nullptr) return;  // there was nothing to read
    self.stop(*waiting);
    if (size < 0) return waiting->end(static_cast<int>(size));
    const std::size_t room = waiting->room_.size();
    const auto length = static_cast<std::size_t>(size);
    waiting->come_ = {.size = std::min(length, room),
                      .truncated = (flags & UV_UDP_PARTIAL) != 0 || length > room,
                      .from = address(*from)};
    waiting->end(0);
}

int udp_socket::try_send(const udp_send_awaiter& waiting) noexcept {
    uv_buf_t bytes = uv_buf_init(const_cast<char*>(waiting.bytes_.data()),
                                 static_cast<unsigned>(std::min<std::size_t>(waiting.bytes_.size(), UINT_MAX)));
    const sockaddr* const to = waiting.to_ == remote_ ? nullptr : waiting.to_.raw();
    return std::min(uv_udp_try_send(&raw_, &bytes, 1, to), 0);
}

int udp_socket::start(udp_send_awaiter& waiting) noexcept {
    if (senders_.empty()) {
        const int status = try_send(waiting);
        if (status != UV_EAGAIN) return status;
        if (!watch_) {
            owned<writable_watch> made(new (std::nothrow) writable_watch(*this));
            if (!made) return UV_ENOMEM;
            const int opened = made->open(raw_);
            if (opened < 0) return opened;
            watch_ = std::move(made);
        }
        const int started = watch_->start();
        if (started < 0) return started;
    }
    senders_.push(waiting);
    return UV_EAGAIN;
}

void udp_socket::stop(udp_send_awaiter& waiting) noexcept {
    senders_.remove(waiting);
    waiting.socket_ = nullptr;
    if (senders_.empty() && watch_) watch_->stop();
}

void udp_socket::send_waiting() noexcept {
    while (!senders_.empty()) {
        udp_send_awaiter& waiting = senders_.first();
        const int status = try_send(waiting);
        if (status == UV_EAGAIN) return;
        stop(waiting);
        waiting.end_later(status);
    }
}

void udp_socket::fail_waiting(int status) noexcept {
    while (!senders_.empty()) {
        udp_send_awaiter& waiting = senders_.first();
        stop(waiting);
        waiting.end_later(status);
    }
}

void udp_socket::closes() noexcept {
    if (udp_receive_awaiter* const waiting = receiver_) {
        stop(*waiting);
        waiting->end_later(UV_ECANCELED);
    }
    fail_waiting(UV_ECANCELED);
    if (watch_) watch_->close();
}

int writable_watch::open(const uv_udp_t& socket) noexcept {
    uv_os_fd_t descriptor = -1;
    int status = uv_fileno(reinterpret_cast<const uv_handle_t*>(&socket), &descriptor);
    if (status < 0) return status;
    descriptor_ = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (descriptor_ < 0) return -errno;
    if ((status = uv_poll_init(home().raw(), &raw_, descriptor_)) < 0) return status;
    opened();
    return 0;
}

writable_watch::~writable_watch() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

int writable_watch::start() noexcept { return uv_poll_start(&raw_, UV_WRITABLE, &writable); }

void writable_watch::writable(uv_poll_t* raw, int status, int) noexcept {
    auto& self = *static_cast<writable_watch*>(static_cast<handle*>(raw->data));
    self.socket_->send_waiting();
    // libuv has stopped at an error of the socket's, of which the first send has told.
    if (status >= 0 || !self.socket_->is_sent_from()) return;
    const int started = self.start();
    if (started < 0) self.socket_->fail_waiting(started);
}

}  // namespace pyasync::uv::detail
