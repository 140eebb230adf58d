// framework/include/pyasync/uv/framing.hpp: reading by length and by delimiter, from whatever gives bytes.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include <pyasync/core/task.hpp>
#include <pyasync/uv/at_home.hpp>
#include <pyasync/uv/buffer.hpp>
#include <pyasync/uv/received.hpp>

namespace pyasync::uv {

namespace detail {

/// Throws the `error` for what cannot be cut out of a stream.
[[noreturn]] void throw_ended_within(std::size_t wanted, std::size_t come, const std::string& peer);
[[noreturn]] void throw_longer_than(std::size_t limit, const std::string& peer);
void require_delimiter(const std::string& delimiter);

}  // namespace detail

/// What `tcp`, `pipe` and `tls` have besides reading into a room. One task reads at a time.
///
/// **Thread.** The stream's loop. **Cancellation.** Ends at once; what has come is kept for the next reader, but for what
/// `read_exactly` has put into the caller's room already. **Ownership.** What is behind a frame stays with the stream,
/// and every way of reading gives that first.
template <typename Stream>
class framed {
public:
    static constexpr std::size_t usual_limit = 65536;

    /// What there is, `limit` bytes at the most, waiting for the first one; empty at the end. A connection that waits so
    /// has no memory for what may come.
    ///
    ///     for (std::string come; !(come = co_await peer.read_some()).empty();) co_await peer.write(come);
    [[nodiscard]] task<std::string> read_some(std::size_t limit = usual_limit) { return some(stream(), limit); }

    /// Fills `into`. Throws `uv::error` (`UV_EOF`) where the stream ends before.
    ///
    ///     std::array<std::byte, 4> length;
    ///     co_await connection.read_exactly(length);
    [[nodiscard]] task<> read_exactly(mutable_buffer into) { return fill(stream(), into); }

    /// The same, as a string of that many bytes.
    [[nodiscard]] task<std::string> read_exactly(std::size_t size) { return read(stream(), size); }

    /// What comes up to and including `delimiter`. Where the stream ends before, what there is; nothing where that is
    /// nothing. Throws `uv::error` (`UV_EMSGSIZE`) where there is none within `limit` bytes, which stay unread.
    ///
    ///     while (auto line = co_await connection.read_until("\n")) co_await connection.write(*line);
    [[nodiscard]] task<std::optional<std::string>> read_until(std::string delimiter, std::size_t limit = usual_limit) {
        return cut(stream(), std::move(delimiter), limit);
    }

    /// All that comes until the stream ends; `uv::error` (`UV_EMSGSIZE`) where it is more than `limit` bytes.
    [[nodiscard]] task<std::string> read_all(std::size_t limit = std::numeric_limits<std::size_t>::max()) {
        return drain(stream(), limit);
    }

protected:
    framed() = default;
    framed(framed&&) = default;
    framed& operator=(framed&&) = default;
    ~framed() = default;

private:
    [[nodiscard]] Stream& stream() noexcept { return static_cast<Stream&>(*this); }

    static task<std::string> some(Stream& stream, std::size_t limit) {
        co_await detail::at_home();
        if (limit > 0 && stream.received().empty()) co_await stream.receive();
        detail::received& come = stream.received();
        co_return come.take(std::min(come.size(), limit));
    }

    static task<> fill(Stream& stream, mutable_buffer into) {
        std::size_t come = 0;
        while (come < into.size()) {
            const std::size_t more = co_await stream.read_some(into.subspan(come));
            if (more == 0) detail::throw_ended_within(into.size(), come, stream.peer());
            come += more;
        }
    }

    static task<std::string> read(Stream& stream, std::size_t size) {
        std::string content(size, '\0');
        co_await fill(stream, content);
        co_return content;
    }

    static task<std::optional<std::string>> cut(Stream& stream, std::string delimiter, std::size_t limit) {
        detail::require_delimiter(delimiter);
        co_await detail::at_home();
        std::size_t searched = 0;
        for (;;) {
            detail::received& come = stream.received();
            const auto end = come.end_of(delimiter, searched);
            if (end && *end <= limit) co_return come.take(*end);
            if (end || come.size() >= limit) detail::throw_longer_than(limit, stream.peer());
            if (co_await stream.receive() > 0) continue;
            if (come.empty()) co_return std::nullopt;
            co_return come.take(come.size());
        }
    }

    static task<std::string> drain(Stream& stream, std::size_t limit) {
        co_await detail::at_home();
        for (;;) {
            detail::received& come = stream.received();
            if (come.size() > limit) detail::throw_longer_than(limit, stream.peer());
            if (co_await stream.receive() == 0) co_return come.take(come.size());
        }
    }
};

}  // namespace pyasync::uv
