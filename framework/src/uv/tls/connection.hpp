// framework/src/uv/tls/connection.hpp: OpenSSL's side of one connection, and what goes to and comes from the other one.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <pyasync/core/ref.hpp>
#include <pyasync/core/work.hpp>
#include <pyasync/uv/buffer.hpp>
#include <pyasync/uv/loop.hpp>
#include <pyasync/uv/operation_queue.hpp>
#include <pyasync/uv/received.hpp>
#include <pyasync/uv/tcp.hpp>
#include <pyasync/uv/tls_context.hpp>
#include "openssl.hpp"

namespace pyasync::uv::detail {

class arrival_awaiter;
class others_arrival_awaiter;
class tls_drain_awaiter;
class tls_turn_awaiter;

/// Whoever uses a connection shares it, so that it outlives what it is closed under.
///
/// OpenSSL reads and writes memory, and never waits. What it has encrypted goes to libuv at once, which keeps what the
/// kernel does not take: so records go out in their order, whoever made them, and also where their writer has been
/// cancelled. A writer waits until libuv has nothing left before it encrypts more; a reader, whose part of the protocol
/// may have to write, too, never waits for that. Where a message to OpenSSL itself has come in part, a writer waits for
/// the rest: which the reader brings, or the writer itself where nobody reads.
///
/// **Thread.** Its loop's, but for `let_go`.
class tls_connection final : public pyasync::detail::ref_counted, pyasync::detail::work {
public:
    /// `host` is whom it is connected with, by name; empty where that does not matter.
    tls_connection(tcp transport, const std::string& host, tls_context context);

    /// Throws `misuse` on another loop's thread.
    void require_home() const;

    [[nodiscard]] tcp& transport() noexcept { return transport_; }
    [[nodiscard]] SSL& raw() const noexcept { return *ssl_; }
    [[nodiscard]] const std::string& peer() const noexcept { return peer_; }

    // ---- Without waiting. Each throws `tls_error` where TLS fails, from then on always. ----

    /// Has the handshake ended? Else something has to come.
    [[nodiscard]] bool handshake();
    /// How much has been put into `into`, 0 at the end; nothing where something has to come first. Throws `error`
    /// where nothing can come any more.
    [[nodiscard]] std::optional<std::size_t> decrypt(mutable_buffer into);
    /// Has a message to OpenSSL itself come in part? Until the rest has come, it can neither encrypt nor say the end.
    [[nodiscard]] bool lacks_rest_of_message();
    void encrypt(const_buffer plain);
    void say_end();

    /// Where something has to come: room for it, for as long as nobody else runs on this thread.
    [[nodiscard]] mutable_buffer room();
    /// Does a task wait for that already?
    [[nodiscard]] bool awaits_arrival() const noexcept { return awaits_arrival_; }
    /// It has come; nothing at the transport's end.
    void came(mutable_buffer bytes);

    /// Gives memory back that only busy connections need.
    void rest() noexcept;

    // ---- Closing. ----

    void close();
    /// Its last user but those who wait for it lets go: it is closed, on its loop. Any thread.
    static void let_go(pyasync::detail::ref<tls_connection> last) noexcept;

    /// What has been decrypted, and nobody has asked for yet.
    detail::received received;
    bool is_being_read = false;

private:
    friend class arrival_awaiter;
    friend class others_arrival_awaiter;
    friend class tls_drain_awaiter;
    friend class tls_turn_awaiter;
    friend class tls_writers_turn;
    struct request;

    static constexpr unsigned most_drained_at_once = 32;

    ~tls_connection() override = default;

    /// libuv gets what has been encrypted. What goes wrong there, the next writer is told.
    void send() noexcept;
    [[nodiscard]] int hand_over(std::string_view bytes) noexcept;
    void has_sent(std::size_t size, int status) noexcept;

    void throw_if_failed() const;
    [[noreturn]] void fail(const std::string& operation);

    void expect(const std::string& host);
    void end_arrival() noexcept;
    void end_turn() noexcept;
    /// Other work has its turn after so many writes that needed no wait: else one that the other side keeps up with
    /// would let no time limit pass.
    [[nodiscard]] bool gives_way() noexcept { return ++drained_at_once_ % most_drained_at_once == 0; }

    static void arrive(work& self, pyasync::detail::delivery how) noexcept;

    loop* home_;
    tls_context context_;
    tcp transport_;
    std::string peer_;
    ssl_owner ssl_;
    BIO* incoming_ = nullptr;  ///< OpenSSL's, as the other one
    BIO* outgoing_ = nullptr;
    std::optional<tls_error> failed_;
    bool awaits_arrival_ = false;
    others_arrival_awaiter* waits_for_other_ = nullptr;  ///< for the one who awaits it
    bool transport_ended_ = false;
    bool has_said_end_ = false;

    int send_status_ = 0;
    std::size_t left_to_send_ = 0;  ///< libuv has it
    tls_drain_awaiter* drains_ = nullptr;
    unsigned drained_at_once_ = 0;

    bool is_being_written_ = false;
    operation_queue<tls_turn_awaiter> waiting_;
    pyasync::detail::ref<tls_connection> on_its_way_home_;
};

using tls_ref = pyasync::detail::ref<tls_connection>;

}  // namespace pyasync::uv::detail
