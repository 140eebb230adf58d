// framework/src/uv/tcp.cpp: TCP's handles, listening and single connections.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/tcp.hpp>

#include <uv.h>

#include <utility>

#include "connecting.hpp"
#include "listener_handle.hpp"

namespace pyasync::uv {
namespace {

class tcp_handle final : public detail::stream_handle {
public:
    explicit tcp_handle(const address& peer) : peer_(peer) {
        detail::check(uv_tcp_init(home().raw(), &raw_), "uv_tcp_init");
        opened();
    }

    [[nodiscard]] uv_tcp_t& raw() noexcept { return raw_; }
    [[nodiscard]] const address& peer_address() const noexcept { return peer_; }
    [[nodiscard]] std::string peer() const override { return peer_.to_string(); }
    [[nodiscard]] int connect(uv_connect_t* request, uv_connect_cb done) noexcept override {
        return uv_tcp_connect(request, &raw_, peer_.raw(), done);
    }

private:
    [[nodiscard]] uv_handle_t* raw_handle() noexcept override { return reinterpret_cast<uv_handle_t*>(&raw_); }

    uv_tcp_t raw_{};
    address peer_;
};

tcp_handle& as_tcp(detail::stream_handle& handle) noexcept { return static_cast<tcp_handle&>(handle); }

/// Throws `error` for one of libuv's codes: what was tried, on which connection.
void check_for(const detail::stream_handle& connection, int status, const char* tried) {
    if (status < 0) throw error(status, tried + (" of the connection to " + connection.peer()));
}

}  // namespace

task<tcp> tcp::connect(address to) {
    co_await detail::at_home();
    tcp made{detail::owned<detail::stream_handle>(new tcp_handle(to))};
    co_await detail::connecting{&made.handle()};
    uv_tcp_nodelay(&as_tcp(made.handle()).raw(), 1);
    co_return made;
}

task<listener<tcp>> tcp::listen(address at, tcp_listen_options how) {
    co_await detail::at_home();
    const socklen_t size = at.family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    detail::descriptor socket = detail::listen_at({.at = at.raw(),
                                                   .size = size,
                                                   .name = at.to_string(),
                                                   .backlog = how.backlog,
                                                   .reuse_port = how.reuse_port,
                                                   .ipv6_only = how.ipv6_only});
    std::string name = detail::local_address_of(socket).to_string();
    co_return listener<tcp>(
        detail::owned<detail::handle>(new detail::listener_handle(std::move(socket), std::move(name), nullptr)));
}

tcp tcp::adopt(detail::accepted come) {
    tcp made{detail::owned<detail::stream_handle>(new tcp_handle(come.peer))};
    detail::check(uv_tcp_open(&as_tcp(made.handle()).raw(), come.socket.number()), "uv_tcp_open");
    static_cast<void>(come.socket.release());
    uv_tcp_nodelay(&as_tcp(made.handle()).raw(), 1);
    return made;
}

void tcp::no_delay(bool on) {
    detail::stream_handle& of = handle_here();
    check_for(of, uv_tcp_nodelay(&as_tcp(of).raw(), on ? 1 : 0), "set TCP_NODELAY");
}

void tcp::keep_alive(std::chrono::seconds silence) {
    detail::stream_handle& of = handle_here();
    const int status =
        uv_tcp_keepalive(&as_tcp(of).raw(), silence.count() > 0 ? 1 : 0, static_cast<unsigned>(silence.count()));
    check_for(of, status, "set SO_KEEPALIVE");
}

address tcp::local_address() const {
    sockaddr_storage bound{};
    int size = sizeof bound;
    auto* const raw = reinterpret_cast<sockaddr*>(&bound);
    detail::stream_handle& of = handle();
    check_for(of, uv_tcp_getsockname(&as_tcp(of).raw(), raw, &size), "ask for the own address");
    return address(*raw);
}

address tcp::peer_address() const { return as_tcp(handle()).peer_address(); }

}  // namespace pyasync::uv
