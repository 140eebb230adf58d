// framework/src/uv/udp_socket.hpp: libuv's handle of a socket for datagrams, and who waits for it.
// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <pyasync/uv/handle.hpp>
#include <pyasync/uv/udp.hpp>

namespace pyasync::uv::detail {

/// Tells when a full socket takes a datagram again. libuv's own queue would do so, too, but nothing can be taken back
/// out of it; so this is a poll of the same socket, by another descriptor since libuv polls each but once.
class writable_watch final : public handle {
public:
    explicit writable_watch(udp_socket& socket) noexcept : socket_(&socket) {}

    /// A status of libuv's.
    [[nodiscard]] int open(const uv_udp_t& socket) noexcept;
    [[nodiscard]] int start() noexcept;
    void stop() noexcept { uv_poll_stop(&raw_); }

private:
    ~writable_watch() override;
    [[nodiscard]] uv_handle_t* raw_handle() noexcept override { return reinterpret_cast<uv_handle_t*>(&raw_); }
    void closes() noexcept override {}
    static void writable(uv_poll_t* raw, int status, int events) noexcept;

    udp_socket* socket_;
    int descriptor_ = -1;
    uv_poll_t raw_{};
};

class udp_socket final : public handle {
public:
    udp_socket() = default;

    /// A status of libuv's.
    [[nodiscard]] int open(const address& local, const address& remote, const udp_options& options) noexcept;

    [[nodiscard]] uv_udp_t& raw() noexcept { return raw_; }
    [[nodiscard]] const address& local() const noexcept { return local_; }
    [[nodiscard]] const address& remote() const noexcept { return remote_; }

    /// These wait here from now on, or no more; where they need not, a status of libuv's.
    [[nodiscard]] int start(udp_receive_awaiter& waiting) noexcept;
    void stop(udp_receive_awaiter& waiting) noexcept;
    [[nodiscard]] bool is_received_from() const noexcept { return receiver_ != nullptr; }
    [[nodiscard]] int start(udp_send_awaiter& waiting) noexcept;
    void stop(udp_send_awaiter& waiting) noexcept;

    /// Other work has its turn after so many datagrams that needed no wait.
    [[nodiscard]] bool gives_way() noexcept { return ++sent_at_once_ % most_at_once == 0; }

    /// Whoever waits with a datagram sends it, as long as there is room.
    void send_waiting() noexcept;
    [[nodiscard]] bool is_sent_from() const noexcept { return !senders_.empty(); }
    /// Nobody tells any more when there is room.
    void fail_waiting(int status) noexcept;

private:
    static constexpr unsigned most_at_once = 32;

    ~udp_socket() override = default;
    [[nodiscard]] uv_handle_t* raw_handle() noexcept override { return reinterpret_cast<uv_handle_t*>(&raw_); }
    void closes() noexcept override;
    [[nodiscard]] int try_send(const udp_send_awaiter& waiting) noexcept;

    static void give_room(uv_handle_t* raw, std::size_t, uv_buf_t* room) noexcept;
    static void come(uv_udp_t* raw, ssize_t size, const uv_buf_t*, const sockaddr* from, unsigned flags) noexcept;

    uv_udp_t raw_{};
    address local_;
    address remote_;
    udp_receive_awaiter* receiver_ = nullptr;
    bool listens_ = false;  ///< libuv reads when something comes: until nobody waits for that
    operation_queue<udp_send_awaiter> senders_;
    unsigned sent_at_once_ = 0;
    owned<writable_watch> watch_;
};

}  // namespace pyasync::uv::detail
