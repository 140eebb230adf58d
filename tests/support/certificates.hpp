// tests/support/certificates.hpp: certificates for tests, made when they run: so none of them is out of date.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace pyasync::test {

/// PEM texts.
struct identity {
    std::string certificate;
    std::string key;
};

/// Issues certificates that are good for a day, from a day ago.
class authority {
public:
    explicit authority(const std::string& name);
    authority(const authority&) = delete;
    authority& operator=(const authority&) = delete;
    ~authority();

    /// Its own.
    [[nodiscard]] const std::string& certificate() const noexcept { return text_; }

    /// `names` is what OpenSSL takes: "DNS:example.org,IP:127.0.0.1".
    [[nodiscard]] identity issue(const std::string& subject, const std::string& names) const;
    /// One whose day was the one before yesterday.
    [[nodiscard]] identity issue_expired(const std::string& subject, const std::string& names) const;

private:
    x509_st* certificate_ = nullptr;
    evp_pkey_st* key_ = nullptr;
    std::string text_;
};

/// That nobody has issued but its owner.
[[nodiscard]] identity self_signed(const std::string& subject, const std::string& names);

}  // namespace pyasync::test
