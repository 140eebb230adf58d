// framework/src/uv/tls/connection.cpp: what OpenSSL is asked for, and what libuv is given.
// SPDX-License-Identifier: MIT
#include "connection.hpp"

#include <openssl/x509v3.h>
#include <uv.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include <pyasync/core/misuse.hpp>
#include "arrival.hpp"
#include "context_state.hpp"
#include "writers_turn.hpp"

namespace pyasync::uv::detail {
namespace {

constexpr std::size_t most_at_once = 65536;
constexpr std::size_t kept_by_resting = 4096;
/// Writers wait; more than this is what a peer makes a reader answer that takes no answers.
constexpr std::size_t most_left_to_send = 1 << 20;

/// "example.org:443"; of an address alone where there is no name.
std::string name_of(const std::string& host, const tcp& transport) {
    const address at = transport.peer_address();
    if (host.empty()) return transport.peer();
    const bool is_v6 = host.find(':') != std::string::npos;
    return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(at.port());
}

void free_memory_of(BIO* bio) noexcept {
    BUF_MEM* memory = nullptr;
    BIO_get_mem_ptr(bio, &memory);
    if (memory == nullptr || memory->max <= kept_by_resting || BIO_pending(bio) > 0) return;
    if (BUF_MEM* const fresh = BUF_MEM_new()) BIO_set_mem_buf(bio, fresh, BIO_CLOSE);
}

}  // namespace

tls_connection::tls_connection(tcp transport, const std::string& host, tls_context context)
    : work(&arrive),
      home_(loop::current()),
      context_(std::move(context)),
      transport_(std::move(transport)),
      peer_(name_of(host, transport_)) {
    if (transport_.raw()->loop != home_->raw())
        throw misuse("pyasync: a TLS connection is made on the loop of the connection below");
    const error_queue errors;
    ssl_.reset(SSL_new(context_.raw()));
    check_openssl(ssl_ != nullptr, "begin TLS with " + peer_);
    bio_owner incoming(not_null(BIO_new(BIO_s_mem())));
    outgoing_ = not_null(BIO_new(BIO_s_mem()));
    incoming_ = incoming.release();
    SSL_set_bio(ssl_.get(), incoming_, outgoing_);
    if (context_.state().is_server) {
        SSL_set_accept_state(ssl_.get());
    } else {
        SSL_set_connect_state(ssl_.get());
        expect(host);
    }
}

void tls_connection::expect(const std::string& host) {
    if (host.empty()) {
        if (!context_.state().verifies) return;
        throw std::invalid_argument("pyasync: a TLS client that verifies the other side needs the host's name");
    }
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl_.get());
    const bool is_number = X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1;
    ERR_clear_error();
    if (is_number) return;
    // A name may end with a dot, which no certificate and no server has.
    const std::string name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    check_openssl(X509_VERIFY_PARAM_set1_host(wanted, name.data(), name.size()) == 1, "verify the name " + name);
    check_openssl(SSL_set_tlsext_host_name(ssl_.get(), name.c_str()) == 1, "ask for the name " + name);
}

void tls_connection::require_home() const {
    if (loop::current() != home_)
        throw misuse("pyasync: a TLS connection is used by tasks of the loop that it was made on");
}

// ---- What OpenSSL is asked for. ----

void tls_connection::throw_if_failed() const {
    if (failed_) throw *failed_;
}

void tls_connection::fail(const std::string& operation) {
    std::string reason = error_queue::reason();
    const long verified = SSL_get_verify_result(ssl_.get());
    const bool is_refused = context_.state().verifies && verified != X509_V_OK && !SSL_is_init_finished(ssl_.get());
    failed_.emplace(operation, std::move(reason), is_refused ? X509_verify_cert_error_string(verified) : "");
    send();  // it may have an alert for the other side
    throw *failed_;
}

bool tls_connection::handshake() {
    throw_if_failed();
    const error_queue errors;
    const int status = SSL_do_handshake(ssl_.get());
    const bool is_server = context_.state().is_server;
    const auto operation = [&] {
        return (is_server ? "accept TLS from " : "connect to ") + peer_ + (is_server ? "" : " by TLS");
    };
    if (status != 1 && SSL_get_error(ssl_.get(), status) != SSL_ERROR_WANT_READ) fail(operation());
    send();
    // The other side waits for what has not gone out. Of its own end the reader is told, and of an alert before that.
    if (send_status_ < 0 && send_status_ != UV_EPIPE && send_status_ != UV_ECONNRESET)
        throw error(send_status_, operation());
    if (status != 1 && transport_ended_) throw error(UV_EOF, operation() + ", where the other side has hung up");
    return status == 1;
}

std::optional<std::size_t> tls_connection::decrypt(mutable_buffer into) {
    throw_if_failed();
    if (into.size() == 0) return 0;
    const error_queue errors;
    std::size_t size = 0;
    const int status = SSL_read_ex(ssl_.get(), into.data(), into.size(), &size);
    const int why = status == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), status);
    if (why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ && why != SSL_ERROR_ZERO_RETURN) fail("read from " + peer_);
    send();
    if (why == SSL_ERROR_NONE) return size;
    if (why == SSL_ERROR_ZERO_RETURN) return 0;
    if (!transport_ended_) return std::nullopt;
    if (context_.state().accepts_unannounced_end) return 0;
    throw error(UV_EOF,
                "read from " + peer_ + ", which has hung up without saying that this is the end (close_notify)");
}

bool tls_connection::lacks_rest_of_message() {
    if (!SSL_in_init(ssl_.get()) || failed_ || !transport_.is_open()) return false;  // or the next step tells
    const error_queue errors;
    const int status = SSL_do_handshake(ssl_.get());
    if (status != 1 && SSL_get_error(ssl_.get(), status) != SSL_ERROR_WANT_READ) fail("write to " + peer_);
    send();
    if (status != 1 && transport_ended_)
        throw error(UV_EOF, "write to " + peer_ + ", which has hung up in the middle of a message");
    return status != 1;
}

void tls_connection::encrypt(const_buffer plain) {
    throw_if_failed();
    // It was open when its writer last began to wait.
    if (!transport_.is_open()) throw error(UV_ECANCELED, "write to " + peer_ + ", until another task closed it");
    if (has_said_end_) throw error(UV_EPIPE, "write to " + peer_);
    if (plain.size() == 0) return;
    const error_queue errors;
    std::size_t size = 0;
    if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &size) != 1) fail("write to " + peer_);
    send();
}

void tls_connection::say_end() {
    throw_if_failed();
    if (!transport_.is_open()) throw error(UV_EBADF, "shut down the connection to " + peer_);
    if (std::exchange(has_said_end_, true)) return;
    const error_queue errors;
    if (SSL_shutdown(ssl_.get()) < 0) fail("shut down the connection to " + peer_);
    send();
}

mutable_buffer tls_connection::room() {
    // Nobody waits with anything in it: libuv fills it, and the reader goes on in the same callback.
    thread_local std::unique_ptr<char[]> only;
    if (only == nullptr) only = std::make_unique_for_overwrite<char[]>(most_at_once);
    return {only.get(), most_at_once};
}

void tls_connection::came(mutable_buffer bytes) {
    if (bytes.size() == 0) {
        transport_ended_ = true;
    } else if (BIO_write(incoming_, bytes.data(), static_cast<int>(bytes.size())) != static_cast<int>(bytes.size())) {
        throw std::bad_alloc();
    }
}

void tls_connection::rest() noexcept {
    free_memory_of(incoming_);
    free_memory_of(outgoing_);
}

// ---- What libuv is given. ----

struct tls_connection::request {
    uv_write_t raw{};
    tls_ref connection;
    std::string bytes;
};

void tls_connection::send() noexcept {
    char* data = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(outgoing_, &data));
    if (size == 0) return;
    if (send_status_ == 0 && !transport_.is_open()) send_status_ = UV_EBADF;
    if (send_status_ == 0) {
        const uv_buf_t all = uv_buf_init(data, static_cast<unsigned>(size));
        const int taken = uv_try_write(transport_.raw(), &all, 1);
        const std::size_t gone = taken < 0 ? 0 : static_cast<std::size_t>(taken);
        if (taken < 0 && taken != UV_EAGAIN) {
            send_status_ = taken;
        } else if (gone < size) {
            send_status_ = hand_over(std::string_view(data, size).substr(gone));
        }
    }
    BIO_reset(outgoing_);
}

int tls_connection::hand_over(std::string_view bytes) noexcept {
    if (left_to_send_ + bytes.size() > most_left_to_send) return UV_ENOBUFS;
    try {
        auto made = std::make_unique<request>();
        made->connection = tls_ref::share(this);
        made->bytes = bytes;
        made->raw.data = made.get();
        const uv_buf_t all = uv_buf_init(made->bytes.data(), static_cast<unsigned>(made->bytes.size()));
        const int status = uv_write(&made->raw, transport_.raw(), &all, 1, [](uv_write_t* raw, int how) noexcept {
            const std::unique_ptr<request> done(static_cast<request*>(raw->data));
            done->connection->has_sent(done->bytes.size(), how);
        });
        if (status < 0) return status;
        left_to_send_ += made.release()->bytes.size();
        return 0;
    } catch (const std::bad_alloc&) {
        return UV_ENOMEM;
    }
}

void tls_connection::has_sent(std::size_t size, int status) noexcept {
    left_to_send_ -= size;
    if (status < 0 && send_status_ == 0) send_status_ = status;
    if (status == UV_ECANCELED) return;  // it has been closed: who waited knows, or the loop ends, and nobody goes on
    if (drains_ == nullptr || (left_to_send_ > 0 && send_status_ == 0)) return;
    std::exchange(drains_, nullptr)->end(send_status_);
}

// ---- Who reads and who writes. ----

void tls_connection::end_arrival() noexcept {
    awaits_arrival_ = false;
    if (waits_for_other_ != nullptr) std::exchange(waits_for_other_, nullptr)->end_later(0);
}

void tls_connection::end_turn() noexcept {
    is_being_written_ = !waiting_.empty();
    if (is_being_written_) waiting_.pop().end_later(0);
}

// ---- Closing. ----

void tls_connection::close() {
    while (!waiting_.empty()) waiting_.pop().end_closed();
    if (drains_ != nullptr) std::exchange(drains_, nullptr)->end_closed();
    if (waits_for_other_ != nullptr) std::exchange(waits_for_other_, nullptr)->end_closed();
    if (transport_.is_open()) transport_.close();  // it may have been moved out
}

void tls_connection::let_go(tls_ref last) noexcept {
    tls_connection& self = *last;
    self.on_its_way_home_ = std::move(last);
    if (self.home_->is_current()) {
        arrive(self, pyasync::detail::delivery::served);
    } else {
        self.home_->post(self);
    }
}

void tls_connection::arrive(work& self, pyasync::detail::delivery how) noexcept {
    auto& me = static_cast<tls_connection&>(self);
    const tls_ref kept = std::move(me.on_its_way_home_);
    if (how == pyasync::detail::delivery::served) me.close();
}

}  // namespace pyasync::uv::detail
