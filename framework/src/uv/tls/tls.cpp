// framework/src/uv/tls/tls.cpp: handshakes, reading, writing and ending, as coroutines.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/tls.hpp>

#include <openssl/x509.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include <pyasync/core/misuse.hpp>
#include <pyasync/uv/at_home.hpp>
#include <pyasync/uv/timeout.hpp>
#include "arrival.hpp"
#include "connection.hpp"
#include "context_state.hpp"
#include "writers_turn.hpp"

namespace pyasync::uv {
namespace detail {
namespace {

constexpr std::size_t record = 16384;  // what one of TLS's holds

/// The only reader, from its construction to its end.
class reader {
public:
    explicit reader(tls_connection& connection) : connection_(connection) {
        connection.require_home();
        if (std::exchange(connection.is_being_read, true))
            throw misuse("pyasync: two tasks read from one TLS connection at a time");
    }
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;
    ~reader() { connection_.is_being_read = false; }

private:
    tls_connection& connection_;
};

task<std::size_t> read(tls_ref connection, mutable_buffer into) {
    co_await at_home();
    const reader only(*connection);
    if (!connection->received.empty()) co_return connection->received.take(into);
    for (;;) {
        if (const auto size = connection->decrypt(into)) co_return *size;
        if (connection->awaits_arrival()) {
            co_await others_arrival{connection.get(), "read from "};
        } else {
            co_await arrival{connection.get()};
        }
    }
}

/// Behind what has been received; how much.
task<std::size_t> receive(tls_ref connection) {
    co_await at_home();
    const reader only(*connection);
    for (;;) {
        const mutable_buffer room = connection->room();
        if (const auto size = connection->decrypt(room)) {
            connection->received.append({room.data(), *size});
            co_return *size;
        }
        if (connection->awaits_arrival()) {
            co_await others_arrival{connection.get(), "read from "};
        } else {
            co_await arrival{connection.get()};
        }
    }
}

/// Goes over what is written: a large part as it is, small ones gathered, so that each record is full.
class parts_to_write {
public:
    explicit parts_to_write(std::span<const const_buffer> parts) noexcept : left_(parts) { advance(0); }

    [[nodiscard]] bool empty() const noexcept { return left_.empty(); }

    /// The next ones; where they have to be gathered, in `room`.
    [[nodiscard]] const_buffer next(mutable_buffer room) noexcept {
        const std::string_view first = front();
        if (first.size() >= record || left_.size() == 1) return take(std::min(first.size(), room.size()));
        std::size_t gathered = 0;
        while (!empty() && gathered < record) {
            const std::string_view more = take(std::min(front().size(), record - gathered));
            std::memcpy(room.data() + gathered, more.data(), more.size());
            gathered += more.size();
        }
        return std::string_view(room.data(), gathered);
    }

private:
    [[nodiscard]] std::string_view front() const noexcept {
        return std::string_view(left_.front().data(), left_.front().size()).substr(taken_of_first_);
    }
    std::string_view take(std::size_t size) noexcept {
        const std::string_view taken = front().substr(0, size);
        advance(size);
        return taken;
    }
    void advance(std::size_t size) noexcept {
        taken_of_first_ += size;
        while (!left_.empty() && taken_of_first_ >= left_.front().size()) {
            taken_of_first_ -= left_.front().size();
            left_ = left_.subspan(1);
        }
    }

    std::span<const const_buffer> left_;
    std::size_t taken_of_first_ = 0;
};

/// The reader brings it, or nobody reads: then the writer does.
task<> rest_of_message(tls_ref connection) {
    while (connection->lacks_rest_of_message()) {
        if (connection->awaits_arrival()) {
            co_await others_arrival{connection.get(), "write to "};
        } else {
            co_await arrival{connection.get()};
        }
    }
}

task<> write(tls_ref connection, std::span<const const_buffer> parts) {
    std::size_t written = 0;
    try {
        co_await at_home();
        connection->require_home();
        const tls_writers_turn turn = co_await writers_turn{connection.get()};
        for (parts_to_write left(parts); !left.empty();) {
            co_await drained{connection.get()};  // also of what a cancelled writer has left
            if (connection->lacks_rest_of_message()) co_await rest_of_message(connection);
            const const_buffer next = left.next(connection->room());
            connection->encrypt(next);
            written += next.size();
        }
        co_await drained{connection.get()};
        connection->rest();
    } catch (const cancelled&) {
        throw write_cancelled(written);
    }
}

task<> say_end(tls_ref connection) {
    co_await at_home();
    connection->require_home();
    const tls_writers_turn turn = co_await writers_turn{connection.get()};
    if (connection->lacks_rest_of_message()) co_await rest_of_message(connection);
    connection->say_end();
    co_await drained{connection.get()};
}

task<bool> end_both_ways(tls_ref connection) {
    co_await say_end(connection);
    std::array<char, 4096> thrown_away;
    while (co_await read(connection, thrown_away) > 0) continue;
    co_return true;
}

task<bool> finish(tls_ref connection, clock::duration limit) {
    co_await at_home();
    connection->require_home();
    bool both_have_ended = false;
    try {
        both_have_ended = co_await timeout(limit, end_both_ways(connection));
    } catch (const timed_out&) {          // the other side has not said so
    } catch (const std::system_error&) {  // nor then
    } catch (...) {
        connection->close();
        throw;
    }
    connection->close();
    co_return both_have_ended;
}

}  // namespace

task<> tls_write(tls_connection& connection, std::span<const const_buffer> parts) {
    return write(tls_ref::share(&connection), parts);
}

}  // namespace detail

// ---- Handshakes. ----

task<tls> tls::connect(std::string host, std::uint16_t port, tls_context context) {
    tcp connection = co_await tcp::connect(host, port);
    co_return co_await client(std::move(connection), std::move(host), std::move(context));
}

task<tls> tls::client(tcp connection, std::string host, tls_context context) {
    if (context.state().is_server) throw std::invalid_argument("pyasync: tls::client needs a tls_context::client");
    return shake_hands(std::move(connection), std::move(host), std::move(context));
}

task<tls> tls::server(tcp connection, tls_context context) {
    if (!context.state().is_server) throw std::invalid_argument("pyasync: tls::server needs a tls_context::server");
    return shake_hands(std::move(connection), {}, std::move(context));
}

task<tls> tls::shake_hands(tcp connection, std::string host, tls_context context) {
    co_await detail::at_home();
    tls made(pyasync::detail::make_ref<detail::tls_connection>(std::move(connection), host, std::move(context)));
    while (!made.connection().handshake()) co_await detail::arrival{&made.connection()};
    co_return made;
}

// ---- Owning. ----

tls::tls(pyasync::detail::ref<detail::tls_connection> connection) noexcept : connection_(std::move(connection)) {}
tls::tls(tls&& other) noexcept = default;
tls& tls::operator=(tls&& other) noexcept {
    std::swap(connection_, other.connection_);
    return *this;
}
tls::~tls() {
    if (connection_) detail::tls_connection::let_go(std::move(connection_));
}

detail::tls_connection& tls::connection() const {
    if (!connection_) throw misuse("pyasync: this TLS connection has been moved away");
    return *connection_;
}

// ---- Its use. ----

task<std::size_t> tls::read_some(mutable_buffer into) {
    return detail::read(detail::tls_ref::share(&connection()), into);
}
task<std::size_t> tls::receive() { return detail::receive(detail::tls_ref::share(&connection())); }
detail::received& tls::received() const { return connection().received; }
task<> tls::shutdown() { return detail::say_end(detail::tls_ref::share(&connection())); }
task<bool> tls::finish_within(detail::clock::duration limit) {
    return detail::finish(detail::tls_ref::share(&connection()), limit);
}

void tls::close() {
    connection().require_home();
    connection().close();
}

bool tls::is_open() const noexcept { return connection_ && connection_->transport().is_open(); }

// ---- What it is. ----

const std::string& tls::peer() const { return connection().peer(); }
tcp& tls::transport() { return connection().transport(); }
ssl_st* tls::raw() { return &connection().raw(); }

std::string tls::alpn() const {
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(&connection().raw(), &chosen, &size);
    return {reinterpret_cast<const char*>(chosen), size};
}

std::string tls::version() const { return SSL_get_version(&connection().raw()); }

std::string tls::cipher() const { return SSL_get_cipher_name(&connection().raw()); }

std::string tls::peer_certificate_subject() const {
    const detail::error_queue errors;
    const X509* const certificate = SSL_get0_peer_certificate(&connection().raw());
    if (certificate == nullptr) return {};
    const detail::bio_owner text(detail::not_null(BIO_new(BIO_s_mem())));
    X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    char* words = nullptr;
    const long size = BIO_get_mem_data(text.get(), &words);
    return {words, static_cast<std::size_t>(size)};
}

}  // namespace pyasync::uv
