// tests/uv/tls_context_test.cpp: what a TLS context can be made of, and what it says where it cannot.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/tls_context.hpp>

#include <doctest/doctest.h>
#include <openssl/err.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <pyasync/uv/tls_error.hpp>
#include "tls_ends.hpp"

namespace pyasync::uv::test {
namespace {

/// What making it says; nothing where it can be made.
template <typename Make>
std::string complaint_of(Make make) {
    std::string said;
    try {
        static_cast<void>(make());
    } catch (const std::exception& error) {
        said = error.what();
    }
    CHECK(ERR_peek_error() == 0);
    return said;
}

class folder {
public:
    folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "pyasync-tls-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path = pattern;
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() { std::filesystem::remove_all(path); }

    [[nodiscard]] std::filesystem::path file(const std::string& name, const std::string& content) const {
        std::ofstream(path / name) << content;
        return path / name;
    }

    std::filesystem::path path;
};

TEST_CASE("a context is made of files or of texts") {
    const folder here;
    const auto chain = here.file("chain.pem", of_server().certificate + root().certificate());
    const auto key = here.file("key.pem", of_server().key);
    const auto trusted = here.file("ca.pem", root().certificate());
    CHECK(complaint_of([&] { return tls_context::server(tls_options().certificate_files(chain, key)); }).empty());
    CHECK(complaint_of([&] { return tls_context::client(tls_options().trust_file(trusted)); }).empty());
    CHECK(complaint_of([&] { return tls_context::client(tls_options().trust_folder(here.path)); }).empty());
    CHECK(complaint_of([&] { return tls_context::client(tls_options().trust_file(trusted).trust_system()); }).empty());
    CHECK(complaint_of([] { return tls_context::client(); }).empty());
}

TEST_CASE("what cannot be read is named") {
    const folder here;
    const auto absent = here.path / "absent.pem";
    const auto nonsense = here.file("nonsense.pem", "this is no certificate\n");
    CHECK(complaint_of([&] { return tls_context::client(tls_options().trust_file(absent)); }) ==
          "read " + absent.string() + ": No such file or directory");
    CHECK(complaint_of([&] { return tls_context::client(tls_options().trust_file(here.path)); }) ==
          "read " + here.path.string() + ": Is a directory");
    CHECK_THROWS_AS(static_cast<void>(tls_context::client(tls_options().trust_file(here.path))), tls_error);
    CHECK(complaint_of([&] {
              const auto chain = here.file("chain.pem", of_server().certificate);
              return tls_context::server(tls_options().certificate_files(chain, here.path));
          }) == "read " + here.path.string() + ": Is a directory");
    CHECK(complaint_of([&] { return tls_context::client(tls_options().trust_file(nonsense)); }) ==
          "read a certificate from " + nonsense.string() + ": no start line");
    CHECK(complaint_of([&] { return tls_context::server(tls_options().certificate_pem("nothing", "nothing")); }) ==
          "read a certificate from a PEM text: no start line");
    CHECK(complaint_of([&] {
              return tls_context::server(tls_options().certificate_pem(of_server().certificate, "nothing"));
          }).starts_with("read a key from a PEM text: "));
    const identity other = root().issue("other", "DNS:other");
    CHECK(complaint_of([&] {
              return tls_context::server(tls_options().certificate_pem(of_server().certificate, other.key));
          }) == "use the key of a PEM text: key values mismatch");
}

TEST_CASE("options that make no sense are refused") {
    CHECK_THROWS_AS(static_cast<void>(tls_context::server(tls_options())), std::invalid_argument);
    CHECK_THROWS_AS(static_cast<void>(tls_context::server(serving().trust_anybody())), std::invalid_argument);
    CHECK_THROWS_AS(
        static_cast<void>(tls_context::client(tls_options().client_certificate(tls_client_certificate::required))),
        std::invalid_argument);
    CHECK_THROWS_AS(static_cast<void>(tls_context::client(
                        tls_options().minimum_version(tls_version::tls1_3).maximum_version(tls_version::tls1_2))),
                    std::invalid_argument);
    CHECK_THROWS_AS(tls_options().alpn(""), std::invalid_argument);
    CHECK_THROWS_AS(tls_options().alpn(std::string(256, 'x')), std::invalid_argument);
}

}  // namespace
}  // namespace pyasync::uv::test
