// framework/include/pyasync/uv/tls_context.hpp: whom a TLS connection trusts, and what it offers.
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ssl_ctx_st;

namespace pyasync::uv {

class tls_context;

namespace detail {
struct tls_context_state;
struct tls_settings;
}  // namespace detail

/// The versions of TLS that there are; older ones are not spoken.
enum class tls_version : std::uint8_t { tls1_2, tls1_3 };

/// What a server does about its clients' certificates.
enum class tls_client_certificate : std::uint8_t {
    not_asked_for,
    /// One that does not verify ends the handshake; none is right.
    optional,
    required,
};

/// What a `tls_context` is made of; each function changes one thing, and gives the options back:
///
///     auto options = pyasync::uv::tls_options().trust_file("company_ca.pem").alpn("h2", "http/1.1");
///
/// As it begins, it trusts the system's authorities, and speaks TLS 1.2 and newer.
class tls_options {
public:
    tls_options();
    tls_options(const tls_options&);
    tls_options(tls_options&&) noexcept;
    tls_options& operator=(tls_options) noexcept;
    ~tls_options();

    /// Trusts the certificates of a PEM file, of a folder (as `openssl rehash` makes one), or of a PEM text: they take
    /// the place of the system's, and are added to one another.
    tls_options& trust_file(const std::filesystem::path& file);
    tls_options& trust_folder(const std::filesystem::path& folder);
    tls_options& trust_pem(std::string certificates);
    /// Besides those, the system's: what SSL_CERT_FILE and SSL_CERT_DIR name, else OpenSSL's own places, else where
    /// distributions have them.
    tls_options& trust_system();

    /// A client's alone: takes any certificate, for any name. Whoever is in between can read and change all of it.
    tls_options& trust_anybody();

    /// Its own certificate, followed by those between it and an authority, and its key: PEM files. A server needs them.
    tls_options& certificate_files(const std::filesystem::path& chain, const std::filesystem::path& key);
    /// The same as PEM texts.
    tls_options& certificate_pem(std::string chain, std::string key);

    /// A server's alone: what it does about its clients' certificates. They are verified by what it trusts.
    tls_options& client_certificate(tls_client_certificate how);

    /// The protocols to be spoken over it, the best first (RFC 7301): "h2", "http/1.1". A server that has one chooses
    /// by its own order, and refuses a client that offers none of them.
    template <std::convertible_to<std::string_view>... Names>
        requires(sizeof...(Names) > 0)
    tls_options& alpn(const Names&... names) {
        (add_alpn(names), ...);
        return *this;
    }

    tls_options& minimum_version(tls_version version);
    tls_options& maximum_version(tls_version version);

    /// Takes the end of the connection for the end of what was sent, also where TLS has not announced it: for old
    /// peers, and for content that tells its own length. Else that is an error, since anybody in between can cut a
    /// connection off.
    tls_options& accept_unannounced_end();

private:
    friend class tls_context;
    void add_alpn(std::string_view name);

    std::unique_ptr<detail::tls_settings> settings_;
};

/// Whom connections trust, and what they offer: made once, for as many connections as there are.
///
///     const auto context = pyasync::uv::tls_context::client();
///
/// **Thread.** Does not change any more: any number of loops and threads use it at a time. Making one reads files, and blocks
/// for that; so does a handshake where a folder is trusted. **Errors.** `tls_error` where a file cannot be read, or
/// holds something else; `std::invalid_argument` for options that make no sense. **Ownership.** A copy is the
/// same context; connections keep it.
class tls_context {
public:
    /// For the side that connects. Verifies the other side's certificate, and that it is for the host's name.
    [[nodiscard]] static tls_context client(const tls_options& options = {});

    /// For the side that accepts. Needs a certificate.
    [[nodiscard]] static tls_context server(const tls_options& options);

    /// OpenSSL's own (`SSL_CTX*`), for what the options have not; before the first connection. It stays the context's.
    [[nodiscard]] ssl_ctx_st* raw() const noexcept;

    [[nodiscard]] const detail::tls_context_state& state() const noexcept { return *state_; }

private:
    explicit tls_context(std::shared_ptr<const detail::tls_context_state> state) noexcept;

    std::shared_ptr<const detail::tls_context_state> state_;
};

}  // namespace pyasync::uv
