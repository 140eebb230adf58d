// framework/src/uv/tls/context_state.hpp: what options say, and what is made of them.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <pyasync/uv/tls_context.hpp>
#include "openssl.hpp"

namespace pyasync::uv::detail {

/// A PEM text, or the file that it is in.
struct pem_source {
    std::filesystem::path file;
    std::string text;

    [[nodiscard]] std::string name() const { return file.empty() ? "a PEM text" : file.string(); }
};

struct tls_settings {
    std::vector<pem_source> trusted;
    std::vector<std::filesystem::path> trusted_folders;
    bool trusts_system = false;
    bool trusts_anybody = false;
    std::vector<pem_source> chain_and_key;  ///< none, or two
    tls_client_certificate client_certificate = tls_client_certificate::not_asked_for;
    std::string alpn;  ///< as it goes over the wire: each with its length before it
    tls_version minimum = tls_version::tls1_2;
    tls_version maximum = tls_version::tls1_3;
    bool accepts_unannounced_end = false;

    [[nodiscard]] bool names_authorities() const noexcept { return !trusted.empty() || !trusted_folders.empty(); }
};

/// Does not change once it is made; OpenSSL's part has locks of its own.
struct tls_context_state {
    ssl_ctx_owner raw;
    std::string alpn;
    bool is_server = false;
    bool verifies = false;
    bool accepts_unannounced_end = false;
};

}  // namespace pyasync::uv::detail
