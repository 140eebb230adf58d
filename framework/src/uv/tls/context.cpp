// framework/src/uv/tls/context.cpp: OpenSSL's context, out of the options.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/tls_context.hpp>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "context_state.hpp"

namespace pyasync::uv {
namespace {

using detail::check_openssl;
using detail::not_null;

using x509_owner = detail::openssl_owner<X509, X509_free>;
using key_owner = detail::openssl_owner<EVP_PKEY, EVP_PKEY_free>;

// ---- PEM. ----

class pem {
public:
    explicit pem(const detail::pem_source& source) : name_(source.name()), text_(source.text) {
        if (!source.file.empty()) text_ = content_of(source.file);
        bio_.reset(not_null(BIO_new_mem_buf(text_.data(), static_cast<int>(text_.size()))));
    }

    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    /// The next one; none at the end, where there has been one.
    [[nodiscard]] x509_owner certificate() {
        x509_owner next(PEM_read_bio_X509(bio_.get(), nullptr, &no_password, nullptr));
        if (next == nullptr) {
            const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE && found_;
            check_openssl(is_end, "read a certificate from " + name_);
            ERR_clear_error();
        }
        found_ = true;
        return next;
    }

    [[nodiscard]] key_owner key() {
        key_owner found(PEM_read_bio_PrivateKey(bio_.get(), nullptr, &no_password, nullptr));
        check_openssl(found != nullptr, "read a key from " + name_);
        return found;
    }

private:
    static std::string content_of(const std::filesystem::path& file) {
        std::ifstream in(file, std::ios::binary);
        std::string content;
        std::array<char, 4096> some;
        // Not by the buffer's iterators, which throw where it is a folder.
        while (in.read(some.data(), some.size()) || in.gcount() > 0)
            content.append(some.data(), static_cast<std::size_t>(in.gcount()));
        if (!in.eof()) throw tls_error("read " + file.string(), std::generic_category().message(errno));
        return content;
    }
    /// OpenSSL would ask for it on the terminal.
    static int no_password(char*, int, int, void*) noexcept { return -1; }

    std::string name_;
    std::string text_;
    detail::bio_owner bio_;
    bool found_ = false;
};

// ---- Whom it trusts. ----

/// An OpenSSL that was built elsewhere, and is linked into the program, has its places where they were there.
void trust_where_distributions_have_them(SSL_CTX& context) {
    constexpr std::array bundles{
        "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch, Alpine
        "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, RHEL
        "/etc/ssl/ca-bundle.pem",                             // openSUSE
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL and its like, newer
        "/etc/ssl/cert.pem",                                  // Alpine, BSD
    };
    for (const char* bundle : bundles) {
        std::error_code ignored;
        if (!std::filesystem::is_regular_file(bundle, ignored)) continue;
        SSL_CTX_load_verify_file(&context, bundle);
        return;
    }
}

void trust_system(SSL_CTX& context) {
    const auto is_set = [](const char* variable) {
        const char* const value = std::getenv(variable);
        return value != nullptr && *value != '\0';
    };
    check_openssl(SSL_CTX_set_default_verify_paths(&context) == 1, "find the system's certificate authorities");
    if (is_set(X509_get_default_cert_file_env()) || is_set(X509_get_default_cert_dir_env())) return;
    std::error_code ignored;
    const std::filesystem::path folder = X509_get_default_cert_dir();
    if (std::filesystem::exists(X509_get_default_cert_file(), ignored)) return;
    if (std::filesystem::is_directory(folder, ignored) && !std::filesystem::is_empty(folder, ignored)) return;
    trust_where_distributions_have_them(context);
}

void trust(SSL_CTX& context, const detail::tls_settings& settings) {
    if (settings.trusts_system || !settings.names_authorities()) trust_system(context);
    for (const auto& folder : settings.trusted_folders)
        check_openssl(SSL_CTX_load_verify_dir(&context, folder.c_str()) == 1, "trust what is in " + folder.string());
    for (const auto& source : settings.trusted) {
        pem from(source);
        while (const x509_owner authority = from.certificate())
            check_openssl(X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), authority.get()) == 1,
                          "trust what is in " + from.name());
    }
}

// ---- What it offers. ----

void present(SSL_CTX& context, const detail::tls_settings& settings) {
    if (settings.chain_and_key.empty()) return;
    pem chain(settings.chain_and_key.front());
    const x509_owner own = chain.certificate();
    check_openssl(SSL_CTX_use_certificate(&context, own.get()) == 1, "use the certificate of " + chain.name());
    while (x509_owner between = chain.certificate()) {
        check_openssl(SSL_CTX_add0_chain_cert(&context, between.get()) == 1, "use the chain of " + chain.name());
        static_cast<void>(between.release());
    }
    pem key(settings.chain_and_key.back());
    check_openssl(SSL_CTX_use_PrivateKey(&context, key.key().get()) == 1, "use the key of " + key.name());
    check_openssl(SSL_CTX_check_private_key(&context) == 1, "use the key of " + key.name());
}

int number_of(tls_version version) noexcept { return version == tls_version::tls1_2 ? TLS1_2_VERSION : TLS1_3_VERSION; }

/// A server's choice, by its own order.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void* own) noexcept {
    const std::string& names = static_cast<const detail::tls_context_state*>(own)->alpn;
    unsigned char* found = nullptr;
    const int how = SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(names.data()),
                                          static_cast<unsigned>(names.size()), offered, offered_size);
    *chosen = found;
    return how == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::shared_ptr<detail::tls_context_state> made_of(const detail::tls_settings& settings, const SSL_METHOD* method) {
    const detail::error_queue errors;
    auto state = std::make_shared<detail::tls_context_state>();
    state->raw.reset(SSL_CTX_new(method));
    check_openssl(state->raw != nullptr, "make a TLS context");
    SSL_CTX& raw = *state->raw;
    state->alpn = settings.alpn;
    state->accepts_unannounced_end = settings.accepts_unannounced_end;
    if (settings.minimum > settings.maximum)
        throw std::invalid_argument("pyasync: the minimum version of TLS is above the maximum version");
    check_openssl(SSL_CTX_set_min_proto_version(&raw, number_of(settings.minimum)) == 1, "set the version of TLS");
    check_openssl(SSL_CTX_set_max_proto_version(&raw, number_of(settings.maximum)) == 1, "set the version of TLS");
    // Within a connection, neither side may begin anew: it would make a reader wait for a writer.
    SSL_CTX_set_options(&raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(&raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_session_cache_mode(&raw, SSL_SESS_CACHE_OFF);
    present(raw, settings);
    return state;
}

}  // namespace

// ---- The options. ----

tls_options::tls_options() : settings_(std::make_unique<detail::tls_settings>()) {}
tls_options::tls_options(const tls_options& other)
    : settings_(std::make_unique<detail::tls_settings>(*other.settings_)) {}
tls_options::tls_options(tls_options&&) noexcept = default;
tls_options& tls_options::operator=(tls_options other) noexcept {
    std::swap(settings_, other.settings_);
    return *this;
}
tls_options::~tls_options() = default;

tls_options& tls_options::trust_file(const std::filesystem::path& file) {
    settings_->trusted.push_back({.file = file, .text = {}});
    return *this;
}

tls_options& tls_options::trust_folder(const std::filesystem::path& folder) {
    settings_->trusted_folders.push_back(folder);
    return *this;
}

tls_options& tls_options::trust_pem(std::string certificates) {
    settings_->trusted.push_back({.file = {}, .text = std::move(certificates)});
    return *this;
}

tls_options& tls_options::trust_system() {
    settings_->trusts_system = true;
    return *this;
}

tls_options& tls_options::trust_anybody() {
    settings_->trusts_anybody = true;
    return *this;
}

tls_options& tls_options::certificate_files(const std::filesystem::path& chain, const std::filesystem::path& key) {
    settings_->chain_and_key = {{.file = chain, .text = {}}, {.file = key, .text = {}}};
    return *this;
}

tls_options& tls_options::certificate_pem(std::string chain, std::string key) {
    settings_->chain_and_key = {{.file = {}, .text = std::move(chain)}, {.file = {}, .text = std::move(key)}};
    return *this;
}

tls_options& tls_options::client_certificate(tls_client_certificate how) {
    settings_->client_certificate = how;
    return *this;
}

tls_options& tls_options::minimum_version(tls_version version) {
    settings_->minimum = version;
    return *this;
}

tls_options& tls_options::maximum_version(tls_version version) {
    settings_->maximum = version;
    return *this;
}

tls_options& tls_options::accept_unannounced_end() {
    settings_->accepts_unannounced_end = true;
    return *this;
}

void tls_options::add_alpn(std::string_view name) {
    if (name.empty() || name.size() > 255)
        throw std::invalid_argument("pyasync: the name of a protocol has 1 to 255 bytes");
    settings_->alpn += static_cast<char>(name.size());
    settings_->alpn += name;
}

// ---- The context. ----

tls_context::tls_context(std::shared_ptr<const detail::tls_context_state> state) noexcept : state_(std::move(state)) {}

tls_context tls_context::client(const tls_options& options) {
    const detail::tls_settings& settings = *options.settings_;
    if (settings.client_certificate != tls_client_certificate::not_asked_for)
        throw std::invalid_argument("pyasync: only a server asks for its clients' certificates");
    const auto state = made_of(settings, TLS_client_method());
    const detail::error_queue errors;
    SSL_CTX& raw = *state->raw;
    state->verifies = !settings.trusts_anybody;
    SSL_CTX_set_verify(&raw, state->verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (state->verifies) trust(raw, settings);
    // This function alone gives 0 for success.
    check_openssl(settings.alpn.empty() ||
                      SSL_CTX_set_alpn_protos(&raw, reinterpret_cast<const unsigned char*>(settings.alpn.data()),
                                              static_cast<unsigned>(settings.alpn.size())) == 0,
                  "offer protocols");
    return tls_context(state);
}

tls_context tls_context::server(const tls_options& options) {
    const detail::tls_settings& settings = *options.settings_;
    if (settings.chain_and_key.empty())
        throw std::invalid_argument("pyasync: a TLS server needs a certificate and its key (tls_options)");
    if (settings.trusts_anybody)
        throw std::invalid_argument("pyasync: a TLS server does without its clients' certificates, or verifies them");
    const auto state = made_of(settings, TLS_server_method());
    const detail::error_queue errors;
    SSL_CTX& raw = *state->raw;
    state->is_server = true;
    state->verifies = settings.client_certificate != tls_client_certificate::not_asked_for;
    if (state->verifies) {
        const bool is_required = settings.client_certificate == tls_client_certificate::required;
        SSL_CTX_set_verify(&raw, SSL_VERIFY_PEER | (is_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
        trust(raw, settings);
        // Else a client that has been here before, and presents the session of then, is refused.
        constexpr std::string_view name = "pyasync";
        check_openssl(SSL_CTX_set_session_id_context(&raw, reinterpret_cast<const unsigned char*>(name.data()),
                                                     static_cast<unsigned>(name.size())) == 1,
                      "name the sessions");
    }
    if (!settings.alpn.empty()) SSL_CTX_set_alpn_select_cb(&raw, &choose_protocol, state.get());
    return tls_context(state);
}

ssl_ctx_st* tls_context::raw() const noexcept { return state_->raw.get(); }

}  // namespace pyasync::uv
