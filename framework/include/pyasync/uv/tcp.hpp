// framework/include/pyasync/uv/tcp.hpp: TCP connections.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <pyasync/core/task.hpp>
#include <pyasync/uv/address.hpp>
#include <pyasync/uv/listener.hpp>
#include <pyasync/uv/stream.hpp>

namespace pyasync::uv {

/// How `tcp::listen` listens.
struct tcp_listen_options {
    /// Connections that the kernel keeps for who accepts late; it has a limit of its own.
    int backlog = 1024;
    /// Others may listen at the same address, and the kernel spreads the connections over them (SO_REUSEPORT).
    bool reuse_port = false;
    /// At "::", leave IPv4 to others.
    bool ipv6_only = false;
};

/// A TCP connection. What it can do, `stream` says.
///
///     pyasync::uv::tcp peer = co_await pyasync::uv::tcp::connect("example.org", 80);
///     co_await peer.write("GET / HTTP/1.0\r\n\r\n");
///     std::string answer = co_await peer.read_all();
///
/// Small writes go out at once (TCP_NODELAY), as with asyncio; `no_delay(false)` gathers them.
class tcp final : public stream {
public:
    /// Connects to one address.
    ///
    /// **Thread.** The connection belongs to the awaiting task's loop. **Cancellation.** Ends at once. **Errors.** `uv::error`,
    /// which names the address.
    [[nodiscard]] static task<tcp> connect(address to);

    /// Connects to whatever of several addresses of one host answers first: in this order, but the two families in turn,
    /// each attempt a quarter of a second after the last, or when that has failed ("happy eyeballs", RFC 8305). Throws
    /// `uv::error` with what each attempt came to, and `std::invalid_argument` where there is none.
    [[nodiscard]] static task<tcp> connect(std::vector<address> to);

    /// Connects to a host by name, or by its number: the same with its addresses, in the resolver's order.
    [[nodiscard]] static task<tcp> connect(std::string host, std::uint16_t port);

    /// Listens at an address of this machine; port 0 takes a free one, which the listener's
    /// `local_address` tells.
    [[nodiscard]] static task<listener<tcp>> listen(address at, tcp_listen_options how = {});

    /// Sends what is written at once, or gathers it a little (TCP_NODELAY).
    void no_delay(bool on);

    /// Asks after that time of silence, and then every second, whether the other side is still there; after ten questions
    /// without an answer reading and writing fail (`UV_ETIMEDOUT`). Zero: never, as it is at first.
    void keep_alive(std::chrono::seconds silence);

    [[nodiscard]] address local_address() const;
    [[nodiscard]] address peer_address() const;

private:
    friend class detail::accept_awaiter<tcp>;
    using stream::stream;
    static tcp adopt(detail::accepted come);
};

}  // namespace pyasync::uv
