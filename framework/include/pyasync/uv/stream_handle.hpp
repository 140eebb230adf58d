// framework/include/pyasync/uv/stream_handle.hpp: one of libuv's streams, and the tasks that wait for it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include <pyasync/uv/buffer.hpp>
#include <pyasync/uv/handle.hpp>
#include <pyasync/uv/operation_queue.hpp>
#include <pyasync/uv/received.hpp>

struct uv_buf_t;
struct uv_connect_s;
struct uv_stream_s;

namespace pyasync::uv::detail {

class read_awaiter;
class write_wait;

/// libuv's stream, with one reader and a queue of writers. Loop thread only.
///
/// libuv reads on between two readers, until something comes that nobody waits for: so a task that reads again and again
/// costs no change of what the kernel watches. Writers write by themselves, as long as the kernel takes it; where it
/// does not, libuv is given one byte of the first one's, and tells when that has gone out. So nothing of a writer's
/// memory is lent to libuv, and a writer can be cancelled at any moment.
class stream_handle : public handle {
public:
    [[nodiscard]] uv_stream_s* raw() noexcept { return reinterpret_cast<uv_stream_s*>(raw_handle()); }

    /// What it is connected with, in words, for messages.
    [[nodiscard]] virtual std::string peer() const = 0;

    /// Writes what the kernel takes of `parts`, without the first one's first bytes: how much, or one of libuv's codes.
    [[nodiscard]] int try_write(std::span<const const_buffer> parts, std::size_t without) noexcept;
    /// Does nobody wait to write?
    [[nodiscard]] bool takes_writes() const noexcept { return writers_.empty() && takes_bytes(); }

    /// What is written has gone out: tells the other side that no more comes. 0, or one of libuv's codes.
    [[nodiscard]] int end_writing() noexcept;

    /// Begins to connect with the peer.
    [[nodiscard]] virtual int connect(uv_connect_s* request, void (*done)(uv_connect_s*, int)) noexcept;

    detail::received received;

protected:
    stream_handle();
    ~stream_handle() override;

    void closes() noexcept override;

private:
    friend class read_awaiter;
    friend class write_wait;
    struct pending_byte;

    [[nodiscard]] int start_reading(read_awaiter& reader) noexcept;
    static void room_wanted(uv_handle_s* raw, std::size_t, uv_buf_t* room) noexcept;
    static void has_read(uv_stream_s* raw, std::ptrdiff_t size, const uv_buf_t* room) noexcept;

    /// Writes, first come first served, until the kernel takes no more.
    void write_on() noexcept;
    [[nodiscard]] int hand_over(char byte) noexcept;
    /// Has libuv nothing left to send?
    [[nodiscard]] bool takes_bytes() const noexcept;

    read_awaiter* reader_ = nullptr;
    bool reading_ = false;
    operation_queue<write_wait> writers_;
    std::unique_ptr<pending_byte> pending_;  ///< from the first time on that the kernel took no more
};

}  // namespace pyasync::uv::detail
