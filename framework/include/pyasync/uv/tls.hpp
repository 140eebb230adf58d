// framework/include/pyasync/uv/tls.hpp: TLS over TCP connections; its programs link pyasync::tls.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <string>
#include <utility>

#include <pyasync/core/ref.hpp>
#include <pyasync/core/task.hpp>
#include <pyasync/uv/buffer.hpp>
#include <pyasync/uv/duration.hpp>
#include <pyasync/uv/framing.hpp>
#include <pyasync/uv/tcp.hpp>
#include <pyasync/uv/tls_context.hpp>
#include <pyasync/uv/tls_error.hpp>

struct ssl_st;

namespace pyasync::uv {

namespace detail {

class tls_connection;

[[nodiscard]] task<> tls_write(tls_connection& connection, std::span<const const_buffer> parts);

/// `Parts`, an array or a span, is the list of what is written, not its bytes.
template <typename Parts>
class tls_write_operation {
public:
    using value_type = void;

    tls_write_operation(tls_connection& connection, Parts parts) noexcept : connection_(&connection), parts_(parts) {}

    [[nodiscard]] pyasync::detail::task_awaiter<void> awaiter_in(pyasync::detail::task_context& context,
                                                                 const std::source_location& where) const {
        return tls_write(*connection_, parts_).awaiter_in(context, where);
    }

private:
    tls_connection* connection_;
    Parts parts_;
};

}  // namespace detail

/// A TLS connection: what `stream` has, encrypted. It moves, and closes when it goes.
///
///     const auto context = pyasync::uv::tls_context::client();
///     auto peer = co_await pyasync::uv::tls::connect("example.org", 443, context);
///     co_await peer.write("GET / HTTP/1.0\r\nHost: example.org\r\n\r\n");
///     std::string answer = co_await peer.read_all();
///
/// **Thread.** As a `stream`: it belongs to the loop that it was made on, one task reads at a time, any number write, one
/// after another, and its destructor may run anywhere. Reading and writing do not wait for one another.
/// **Cancellation.** Every operation ends at once, and leaves the connection as it is: what has come is kept for the next
/// reader, what was encrypted goes out by itself. A cancelled handshake closes the connection.
/// **Errors.** `uv::error` for what the connection below fails with, `tls_error` for the rest; after a `tls_error`
/// every operation throws it. Reading throws `uv::error` (`UV_EOF`) where the connection ends and the other side has not
/// said that this is the end (see `shutdown`): what has come may be cut off. Frames that had come as a whole were given
/// before.
/// **Ownership.** What is read into and what is written is the caller's, and is not touched once the operation has ended.
class tls final : public framed<tls> {
public:
    /// Connects to a host by `tcp::connect`, then as `client`.
    [[nodiscard]] static task<tls> connect(std::string host, std::uint16_t port, tls_context context);

    /// The handshake of the side that has connected. `host` is whom the certificate must be for, a name or an IP
    /// address in numbers, and which of its names the server is asked for (SNI); without verification it may be empty.
    [[nodiscard]] static task<tls> client(tcp connection, std::string host, tls_context context);

    /// The handshake of the side that has accepted: in the connection's own task, and within a time, since the
    /// other side may never go on.
    ///
    ///     auto peer = co_await pyasync::timeout(10s, pyasync::uv::tls::server(std::move(connection), context));
    [[nodiscard]] static task<tls> server(tcp connection, tls_context context);

    tls(tls&& other) noexcept;
    tls& operator=(tls&& other) noexcept;
    /// Closes it without a word: what the other side has read counts as cut off, unless `shutdown` was before. What has
    /// come and was not read makes the system drop what is still under way to the other side: see `shutdown`.
    ~tls();

    /// Reads what there is, waiting for the first byte; how much that was. 0 when the other side has said that this
    /// is the end.
    [[nodiscard]] task<std::size_t> read_some(mutable_buffer into);
    using framed::read_some;

    /// Writes all parts, one after the other, as one write; waits while the other side does not keep up. A cancellation
    /// throws `write_cancelled`, which says how much of them goes out.
    template <std::convertible_to<const_buffer>... Parts>
        requires(sizeof...(Parts) > 0)
    [[nodiscard]] auto write(const Parts&... parts) {
        using list = std::array<const_buffer, sizeof...(Parts)>;
        return detail::tls_write_operation<list>(connection(), list{parts...});
    }

    /// The same for a number that is not known before.
    [[nodiscard]] detail::tls_write_operation<std::span<const const_buffer>> write(
        std::span<const const_buffer> parts) {
        return {connection(), parts};
    }

    /// Tells the other side that nothing more will come (close_notify), when all has gone out; reading goes on, though
    /// many peers take it for the end of both ways. To close it right after that can lose what was written last, where
    /// something has come that was not read; in TLS 1.3 servers send tickets that nobody asks for. So who has not read
    /// to the end calls `finish`.
    [[nodiscard]] task<> shutdown();

    /// Ends both ways: `shutdown`, then reads, and throws away, until the other side has said so, too, for
    /// `limit` at the most; then it is closed, by a cancellation at once. Has the other side said so? What goes wrong
    /// meanwhile is a no. Nobody may be reading.
    template <typename Rep, typename Period>
    [[nodiscard]] task<bool> finish(std::chrono::duration<Rep, Period> limit) {
        return finish_within(detail::in_clock_ticks(limit));
    }
    [[nodiscard]] task<bool> finish() { return finish(std::chrono::seconds(2)); }

    /// Closes it now, with what waits for it. On its loop; nothing where it is closed.
    void close();
    [[nodiscard]] bool is_open() const noexcept;

    /// What it is connected with, in words: "example.org:443".
    [[nodiscard]] const std::string& peer() const;

    /// The protocol that both have agreed on; empty where they have not.
    [[nodiscard]] std::string alpn() const;
    /// "TLSv1.3".
    [[nodiscard]] std::string version() const;
    /// "TLS_AES_256_GCM_SHA384".
    [[nodiscard]] std::string cipher() const;
    /// Whom the other side's certificate is for (RFC 4514): "CN=example.org,O=Example"; empty where it has none.
    [[nodiscard]] std::string peer_certificate_subject() const;

    /// The connection below, for its options and addresses. Whoever reads or writes there breaks this one.
    [[nodiscard]] tcp& transport();

    /// OpenSSL's own (`SSL*`), for what this class has not; on its loop. It stays the connection's.
    [[nodiscard]] ssl_st* raw();

private:
    friend framed<tls>;

    explicit tls(pyasync::detail::ref<detail::tls_connection> connection) noexcept;
    static task<tls> shake_hands(tcp connection, std::string host, tls_context context);

    /// Throws `misuse` where it has been moved away.
    [[nodiscard]] detail::tls_connection& connection() const;
    [[nodiscard]] detail::received& received() const;
    [[nodiscard]] task<std::size_t> receive();
    [[nodiscard]] task<bool> finish_within(detail::clock::duration limit);

    pyasync::detail::ref<detail::tls_connection> connection_;
};

}  // namespace pyasync::uv
