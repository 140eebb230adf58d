// tests/support/certificates.cpp: certificates by OpenSSL's own functions.
// SPDX-License-Identifier: MIT
#include "support/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <stdexcept>

namespace pyasync::test {
namespace {

constexpr long day = 24L * 60 * 60;

template <typename T>
T* made(T* one) {
    if (one == nullptr) throw std::runtime_error("OpenSSL has not made it");
    return one;
}

template <typename Write>
std::string pem(Write write) {
    BIO* const out = made(BIO_new(BIO_s_mem()));
    write(out);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out, &text);
    std::string copied(text, static_cast<std::size_t>(size));
    BIO_free(out);
    return copied;
}

std::string pem_of(X509* certificate) {
    return pem([certificate](BIO* out) { PEM_write_bio_X509(out, certificate); });
}

std::string pem_of(EVP_PKEY* key) {
    return pem([key](BIO* out) { PEM_write_bio_PKCS8PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = made(X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()));
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

X509* draft(const std::string& subject, EVP_PKEY* key, long begins) {
    static std::atomic<long> serial{1};
    X509* const drafted = made(X509_new());
    X509_set_version(drafted, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(drafted), serial++);
    X509_gmtime_adj(X509_getm_notBefore(drafted), begins);
    X509_gmtime_adj(X509_getm_notAfter(drafted), begins + 2 * day);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(drafted), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
    X509_set_pubkey(drafted, key);
    return drafted;
}

/// `issuer` and `its_key` may be null: it signs itself.
identity issued(X509* issuer, EVP_PKEY* its_key, const std::string& subject, const std::string& names, long begins) {
    EVP_PKEY* const key = made(EVP_EC_gen("P-256"));
    X509* const certificate = draft(subject, key, begins);
    X509* const by = issuer == nullptr ? certificate : issuer;
    X509_set_issuer_name(certificate, X509_get_subject_name(by));
    extend(certificate, by, NID_subject_alt_name, names);
    if (X509_sign(certificate, issuer == nullptr ? key : its_key, EVP_sha256()) == 0)
        throw std::runtime_error("OpenSSL has not signed it");
    identity whole{pem_of(certificate), pem_of(key)};
    X509_free(certificate);
    EVP_PKEY_free(key);
    return whole;
}

}  // namespace

authority::authority(const std::string& name) : key_(made(EVP_EC_gen("P-256"))) {
    certificate_ = draft(name, key_, -day);
    X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_));
    extend(certificate_, certificate_, NID_basic_constraints, "critical,CA:TRUE");
    extend(certificate_, certificate_, NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(certificate_, certificate_, NID_subject_key_identifier, "hash");
    X509_sign(certificate_, key_, EVP_sha256());
    text_ = pem_of(certificate_);
}

authority::~authority() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
}

identity authority::issue(const std::string& subject, const std::string& names) const {
    return issued(certificate_, key_, subject, names, -day);
}

identity authority::issue_expired(const std::string& subject, const std::string& names) const {
    return issued(certificate_, key_, subject, names, -4 * day);
}

identity self_signed(const std::string& subject, const std::string& names) {
    return issued(nullptr, nullptr, subject, names, -day);
}

}  // namespace pyasync::test
