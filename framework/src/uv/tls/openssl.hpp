// framework/src/uv/tls/openssl.hpp: OpenSSL's objects with owners, and its queue of errors as exceptions.
// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <new>
#include <string>

#include <pyasync/uv/tls_error.hpp>

namespace pyasync::uv::detail {

template <auto Free>
struct openssl_deleter {
    template <typename T>
    void operator()(T* one) const noexcept {
        Free(one);
    }
};

template <typename T, auto Free>
using openssl_owner = std::unique_ptr<T, openssl_deleter<Free>>;

using bio_owner = openssl_owner<BIO, BIO_free>;
using ssl_owner = openssl_owner<SSL, SSL_free>;
using ssl_ctx_owner = openssl_owner<SSL_CTX, SSL_CTX_free>;

/// OpenSSL has no other reason to give none.
template <typename T>
T* not_null(T* made) {
    if (made == nullptr) throw std::bad_alloc();
    return made;
}

/// OpenSSL keeps the errors of a thread in a queue, from which it tells, too, what has become of a call: so it has to be
/// empty before each, and is left empty.
class error_queue {
public:
    error_queue() noexcept { ERR_clear_error(); }
    error_queue(const error_queue&) = delete;
    error_queue& operator=(const error_queue&) = delete;
    ~error_queue() { ERR_clear_error(); }

    /// The first one, in OpenSSL's words.
    [[nodiscard]] static std::string reason();
};

/// Throws `tls_error` for what has not succeeded.
inline void check_openssl(bool succeeded, const std::string& operation) {
    if (!succeeded) throw tls_error(operation, error_queue::reason());
}

}  // namespace pyasync::uv::detail
