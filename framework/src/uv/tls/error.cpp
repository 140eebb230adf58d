// framework/src/uv/tls/error.cpp: OpenSSL's errors in words.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/tls_error.hpp>

#include <cstring>
#include <utility>

#include "openssl.hpp"

namespace pyasync::uv {

tls_error::tls_error(const std::string& operation, std::string reason, std::string verification)
    : std::system_error(EPROTO, std::generic_category()) {
    std::string what = operation + ": " + reason + (verification.empty() ? "" : ": ") + verification;
    texts_ = std::make_shared<const texts>(std::move(what), std::move(reason), std::move(verification));
}

std::string detail::error_queue::reason() {
    const unsigned long code = ERR_get_error();
    if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
    if (const char* const words = ERR_reason_error_string(code)) return words;
    return code == 0 ? "OpenSSL gives no reason" : "OpenSSL's error " + std::to_string(code);
}

}  // namespace pyasync::uv
