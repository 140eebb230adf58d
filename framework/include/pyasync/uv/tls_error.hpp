// framework/include/pyasync/uv/tls_error.hpp: the exception of what TLS itself refuses.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <system_error>

namespace pyasync::uv {

/// TLS has failed: a handshake, a certificate, a record that is none. What the connection below has failed with is
/// `uv::error`. `what()` names what was tried, the other end, OpenSSL's reason and what is wrong with the certificate:
///
///     connect to example.org:443 by TLS: certificate verify failed: self-signed certificate
///
/// An `OSError` in Python, with EPROTO, which is what `code()` is as well.
class tls_error final : public std::system_error {
public:
    tls_error(const std::string& operation, std::string reason, std::string verification = {});

    [[nodiscard]] const char* what() const noexcept override { return texts_->what.c_str(); }

    /// OpenSSL's reason: "certificate verify failed", "no shared cipher", "tlsv1 alert unknown ca".
    [[nodiscard]] const std::string& reason() const noexcept { return texts_->reason; }

    /// What is wrong with the other side's certificate: "hostname mismatch"; empty where that is not the reason.
    [[nodiscard]] const std::string& verification() const noexcept { return texts_->verification; }

private:
    struct texts {
        std::string what;
        std::string reason;
        std::string verification;
    };
    std::shared_ptr<const texts> texts_;
};

}  // namespace pyasync::uv
