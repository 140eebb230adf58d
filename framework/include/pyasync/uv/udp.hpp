// framework/include/pyasync/uv/udp.hpp: datagrams over IPv4 and IPv6.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <source_location>
#include <string>

#include <pyasync/core/task_context.hpp>
#include <pyasync/uv/address.hpp>
#include <pyasync/uv/buffer.hpp>
#include <pyasync/uv/handle.hpp>
#include <pyasync/uv/operation.hpp>
#include <pyasync/uv/operation_queue.hpp>

namespace pyasync::uv {

class udp;

/// What a socket is to be before it gets its address.
struct udp_options {
    bool reuse_address = false;  ///< several may listen to one multicast group and port
    bool reuse_port = false;     ///< several share one address, and the system spreads the datagrams over them
    bool ipv6_only = false;      ///< `::` stands for no address of IPv4
};

/// What has come: the first `size` bytes of the buffer.
struct datagram {
    std::size_t size = 0;
    bool truncated = false;  ///< it was longer than the buffer; the rest is lost
    address from{};
};

namespace detail {

class udp_socket;

class udp_open_awaiter final : public operation {
public:
    udp_open_awaiter(const address& local, const address& remote, const udp_options& options,
                     pyasync::detail::task_context& context, const std::source_location& where) noexcept;
    ~udp_open_awaiter();

    [[nodiscard]] udp await_resume();

private:
    bool begin() noexcept override;
    void cancel() noexcept override {}
    void describe(pyasync::detail::task_report& into) const override;
    [[nodiscard]] std::string subject() const override;

    address local_;
    address remote_;
    udp_options options_;
    owned<udp_socket> made_;
};

struct udp_open_operation {
    using value_type = udp;
    address local;
    address remote;
    udp_options options;
    [[nodiscard]] udp_open_awaiter awaiter_in(pyasync::detail::task_context& context,
                                              const std::source_location& where) const noexcept {
        return {local, remote, options, context, where};
    }
};

/// One end of something that goes on with an open socket.
class udp_transfer : public operation {
protected:
    udp_transfer(udp_socket& socket, pyasync::detail::task_context& context, const std::source_location& where) noexcept
        : operation(context, where), socket_(&socket) {}
    ~udp_transfer() = default;

    friend class udp_socket;
    /// False where the socket is at home on another loop.
    [[nodiscard]] bool is_here() noexcept;
    bool misused(const char* how) noexcept;
    /// Throws where it has not ended well.
    void finish() const;

    udp_socket* socket_;  ///< null once it has ended
    const char* misuse_ = nullptr;
};

class udp_receive_awaiter final : public udp_transfer {
public:
    udp_receive_awaiter(udp_socket& socket, const mutable_buffer& room, pyasync::detail::task_context& context,
                        const std::source_location& where) noexcept
        : udp_transfer(socket, context, where), room_(room) {}

    [[nodiscard]] datagram await_resume() const;

private:
    friend class udp_socket;
    bool begin() noexcept override;
    void withdraw() noexcept override;
    void describe(pyasync::detail::task_report& into) const override;
    [[nodiscard]] std::string subject() const override;

    mutable_buffer room_;
    address local_;
    datagram come_;
    char spare_ = 0;  ///< libuv takes no room for none at all
};

class udp_send_awaiter final : public udp_transfer {
public:
    udp_send_awaiter(udp_socket& socket, const const_buffer& bytes, const address& to,
                     pyasync::detail::task_context& context, const std::source_location& where) noexcept
        : udp_transfer(socket, context, where), bytes_(bytes), to_(to) {}

    void await_resume() const;

private:
    friend class udp_socket;
    friend class operation_queue<udp_send_awaiter>;
    bool begin() noexcept override;
    void withdraw() noexcept override;
    void describe(pyasync::detail::task_report& into) const override;
    [[nodiscard]] std::string subject() const override;

    const_buffer bytes_;
    address to_;  ///< none where the socket is connected
    udp_send_awaiter* next_ = nullptr;
};

struct udp_receive_operation {
    using value_type = datagram;
    udp_socket* socket;
    mutable_buffer room;
    [[nodiscard]] udp_receive_awaiter awaiter_in(pyasync::detail::task_context& context,
                                                 const std::source_location& where) const noexcept {
        return {*socket, room, context, where};
    }
};

struct udp_send_operation {
    using value_type = void;
    udp_socket* socket;
    const_buffer bytes;
    address to;
    [[nodiscard]] udp_send_awaiter awaiter_in(pyasync::detail::task_context& context,
                                              const std::source_location& where) const noexcept {
        return {*socket, bytes, to, context, where};
    }
};

}  // namespace detail

/// A socket for datagrams; closed when it goes.
///
///     auto socket = co_await pyasync::uv::udp::bind(pyasync::uv::address("::", 5353));
///     std::array<char, 1500> room;
///     for (;;) {
///         const auto [size, truncated, from] = co_await socket.receive_from(room);
///         co_await socket.send_to(std::string_view(room.data(), size), from);
///     }
///
/// **Thread.** It is at home on the loop of the task that has opened it: used there, or it is a `misuse`; moved and
/// destroyed on any. **Cancellation.** Each `co_await` ends at once; no datagram is lost with a `receive_from`, and
/// none goes out with a `send_to`, that throws `cancelled`. **Errors.** `uv::error`, which names the operation and the
/// address; `misuse` where it has been closed. **Ownership.** Buffers are the caller's, and stay where they are until
/// the `co_await` has ended. Who waits for a socket that is closed gets an `uv::error` with ECANCELED.
class udp {
public:
    udp(udp&& other) noexcept;
    udp& operator=(udp&& other) noexcept;
    ~udp();

    /// `co_await udp::bind(local)`: a socket that has this address; with the port 0, any that is free.
    [[nodiscard]] static detail::udp_open_operation bind(const address& local,
                                                         const udp_options& options = {}) noexcept {
        return {local, {}, options};
    }
    /// `co_await udp::connect(remote)`: one that sends to that address, and hears from no other; its own address is
    /// `local`, or the system's choice.
    [[nodiscard]] static detail::udp_open_operation connect(const address& remote, const address& local = {},
                                                            const udp_options& options = {}) noexcept {
        return {local, remote, options};
    }

    /// Waits for a datagram, and puts it into `room`. One at a time: a second one is a `misuse`. A connected socket
    /// tells here that nobody listens at the other end (ECONNREFUSED).
    [[nodiscard]] detail::udp_receive_operation receive_from(const mutable_buffer& room);
    /// The same, where the socket is connected.
    [[nodiscard]] detail::udp_receive_operation receive(const mutable_buffer& room) { return receive_from(room); }

    /// Sends one datagram, as a whole or not at all (EMSGSIZE). Waits only where the system's buffer is full; those that
    /// do are served in their order.
    [[nodiscard]] detail::udp_send_operation send_to(const const_buffer& bytes, const address& to);
    /// The same, where the socket is connected.
    [[nodiscard]] detail::udp_send_operation send(const const_buffer& bytes) { return send_to(bytes, {}); }

    /// Its own address and, where it is connected, the other end's.
    [[nodiscard]] address local_address() const;
    [[nodiscard]] address remote_address() const;

    /// May it send to a network's broadcast address?
    void set_broadcast(bool allowed);

    /// Hears a multicast group from now on, or no more. The interface is given by an address of its own (for IPv6 by
    /// "::%eth0"); without one it is the system's choice.
    void join(const address& group, const address& interface = {});
    void leave(const address& group, const address& interface = {});

    /// By which interface, how far, and whether also to this host, what it sends to multicast groups goes.
    void set_multicast_interface(const address& interface);
    void set_multicast_ttl(int hops);
    void set_multicast_loop(bool heard_here);

    /// Closes it; nothing where that has been done.
    void close();

private:
    friend class detail::udp_open_awaiter;
    explicit udp(detail::owned<detail::udp_socket> socket) noexcept;
    /// Throws where it has been closed, or is at home elsewhere.
    [[nodiscard]] detail::udp_socket& open_socket() const;
    [[nodiscard]] detail::udp_socket& socket_here() const;

    detail::owned<detail::udp_socket> socket_;
};

}  // namespace pyasync::uv
