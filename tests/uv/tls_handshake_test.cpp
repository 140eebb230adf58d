// tests/uv/tls_handshake_test.cpp: whom a TLS handshake lets through, what both sides agree on, and who never ends one.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/tls.hpp>

#include <doctest/doctest.h>
#include <openssl/err.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/timed_out.hpp>
#include <pyasync/uv/timeout.hpp>
#include "tls_ends.hpp"

namespace pyasync::uv::test {
namespace {

using namespace std::chrono_literals;

struct outcomes {
    outcome server;
    outcome client;
};

/// What a handshake comes to on both sides.
task<outcomes> meeting(tls_context of_client, tls_context of_server, std::string host = "localhost") {
    tcp_ends below = co_await tcp_connected();
    auto [server, client] = co_await when_all(outcome_of(tls::server(std::move(below.server), of_server)),
                                              outcome_of(tls::client(std::move(below.client), host, of_client)));
    CHECK(ERR_peek_error() == 0);
    co_return outcomes{std::move(server), std::move(client)};
}

/// What a client says, that trusts the root of the tests, of a server which is `who`.
std::string verdict_on(const identity& who, const std::string& host = "localhost") {
    const auto of_server = tls_context::server(serving(who));
    return on_a_loop([&]() -> task<std::string> {
        auto [server, client] = co_await meeting(tls_context::client(trusting()), of_server, host);
        const std::size_t begin = client.error.find(":", client.error.find("by TLS"));
        CHECK((client.error.empty() || client.error.starts_with("connect to " + host + ":")));
        CHECK(client.error.empty() == client.verification.empty());
        co_return client.error.empty() ? "it is right" : client.error.substr(begin + 2);
    });
}

TEST_CASE("the certificate has to be right") {
    CHECK(verdict_on(of_server()) == "it is right");
    CHECK(verdict_on(of_server(), "127.0.0.1") == "it is right");
    CHECK(verdict_on(of_server(), "www.example.org") == "it is right");
    CHECK(verdict_on(of_server(), "www.example.org.") == "it is right");
    CHECK(verdict_on(of_server(), "other.org") == "certificate verify failed: hostname mismatch");
    CHECK(verdict_on(of_server(), "example.org") == "certificate verify failed: hostname mismatch");
    CHECK(verdict_on(of_server(), "127.0.0.2") == "certificate verify failed: IP address mismatch");
    CHECK(verdict_on(self_signed("own", names)) == "certificate verify failed: self-signed certificate");
    CHECK(verdict_on(root().issue_expired("old", names)) == "certificate verify failed: certificate has expired");
    const authority unknown("Nobody knows it");
    CHECK(verdict_on(unknown.issue("server", names)) ==
          "certificate verify failed: unable to get local issuer certificate");
}

TEST_CASE("the system's authorities are trusted unless others are named, and the other side hears of it") {
    on_a_loop([]() -> task<> {
        auto [server, client] = co_await meeting(tls_context::client(), tls_context::server(serving()));
        CHECK(client.reason == "certificate verify failed");
        CHECK(client.verification == "unable to get local issuer certificate");
        CHECK(server.reason == "tlsv1 alert unknown ca");
        CHECK(server.error.starts_with("accept TLS from 127.0.0.1:"));
        CHECK(server.verification.empty());
    });
}

TEST_CASE("SSL_CERT_FILE") {
    std::string file = "/tmp/pyasync-tls-XXXXXX";
    const int descriptor = mkstemp(file.data());
    REQUIRE(descriptor >= 0);
    REQUIRE(write(descriptor, root().certificate().data(), root().certificate().size()) > 0);
    close(descriptor);
    setenv("SSL_CERT_FILE", file.c_str(), 1);
    const tls_context context = tls_context::client();
    unsetenv("SSL_CERT_FILE");
    unlink(file.c_str());
    on_a_loop([&]() -> task<> {
        auto [server, client] = co_await meeting(context, tls_context::server(serving()));
        CHECK(client.error.empty());
    });
}

TEST_CASE("whoever trusts anybody is let through, and sees whom") {
    const identity anybody = self_signed("own", names);
    on_a_loop([&]() -> task<> {
        const auto careless = tls_context::client(tls_options().trust_anybody());
        auto [server, client] = co_await connected(careless, tls_context::server(serving(anybody)), "other.org");
        CHECK(client.peer_certificate_subject() == "CN=own");
        CHECK(server.peer_certificate_subject().empty());
        CHECK(client.peer() == "other.org:" + std::to_string(client.transport().peer_address().port()));
        CHECK(server.peer() == server.transport().peer_address().to_string());
    });
}

TEST_CASE("both versions") {
    on_a_loop([]() -> task<> {
        for (const tls_version version : {tls_version::tls1_2, tls_version::tls1_3}) {
            auto [server, client] =
                co_await connected(tls_context::client(trusting().minimum_version(version).maximum_version(version)));
            CHECK(client.version() == (version == tls_version::tls1_2 ? "TLSv1.2" : "TLSv1.3"));
            CHECK(server.version() == client.version());
            CHECK(server.cipher() == client.cipher());
            CHECK(client.cipher().find("AES") != std::string::npos);
        }
        auto [server, client] = co_await meeting(tls_context::client(trusting().maximum_version(tls_version::tls1_2)),
                                                 tls_context::server(serving().minimum_version(tls_version::tls1_3)));
        CHECK(server.reason == "unsupported protocol");
        CHECK(client.reason == "tlsv1 alert protocol version");
    });
}

TEST_CASE("the server chooses the protocol, and refuses who offers none of its own") {
    on_a_loop([]() -> task<> {
        const auto serves = tls_context::server(serving().alpn("h2", "http/1.1"));
        {
            auto [server, client] =
                co_await connected(tls_context::client(trusting().alpn("imap", "http/1.1", "h2")), serves);
            CHECK(server.alpn() == "h2");
            CHECK(client.alpn() == "h2");
        }
        {
            auto [server, client] = co_await connected(tls_context::client(trusting()), serves);
            CHECK(server.alpn().empty());
            CHECK(client.alpn().empty());
        }
        {
            auto [server, client] = co_await connected(tls_context::client(trusting().alpn("h2")));
            CHECK(client.alpn().empty());
        }
        auto [server, client] = co_await meeting(tls_context::client(trusting().alpn("imap")), serves);
        CHECK(server.reason == "no application protocol");
        CHECK(client.reason == "tlsv1 alert no application protocol");
    });
}

TEST_CASE("certificates of clients") {
    const identity known = root().issue("a client", "DNS:client");
    const authority elsewhere("Elsewhere");
    const identity stranger = elsewhere.issue("a stranger", "DNS:stranger");
    on_a_loop([&]() -> task<> {
        for (const tls_version version : {tls_version::tls1_2, tls_version::tls1_3}) {
            const auto asks = [&](tls_client_certificate how) {
                return tls_context::server(
                    serving().client_certificate(how).trust_pem(root().certificate()).maximum_version(version));
            };
            const auto presents = [](const identity& who) {
                return tls_context::client(trusting().certificate_pem(who.certificate, who.key));
            };
            {
                auto [server, client] = co_await connected(presents(known), asks(tls_client_certificate::required));
                CHECK(server.peer_certificate_subject() == "CN=a client");
            }
            {
                auto [server, client] =
                    co_await connected(tls_context::client(trusting()), asks(tls_client_certificate::optional));
                CHECK(server.peer_certificate_subject().empty());
            }
            {
                auto [server, client] =
                    co_await meeting(tls_context::client(trusting()), asks(tls_client_certificate::required));
                CHECK(server.reason == "peer did not return a certificate");
            }
            auto [server, client] = co_await meeting(presents(stranger), asks(tls_client_certificate::optional));
            CHECK(server.verification == "unable to get local issuer certificate");
        }
    });
}

TEST_CASE("garbage instead of a handshake") {
    on_a_loop([]() -> task<> {
        {
            tcp_ends below = co_await tcp_connected();
            co_await below.client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
            const outcome server =
                co_await outcome_of(tls::server(std::move(below.server), tls_context::server(serving())));
            CHECK(server.reason == "http request");
        }
        {
            tcp_ends below = co_await tcp_connected();
            co_await below.client.write(std::string(1000, '\x05'));
            const outcome server =
                co_await outcome_of(tls::server(std::move(below.server), tls_context::server(serving())));
            CHECK(server.reason == "wrong version number");
        }
        tcp_ends below = co_await tcp_connected();
        co_await below.server.write("220 mail.example.org ESMTP\r\n");
        const outcome client =
            co_await outcome_of(tls::client(std::move(below.client), "localhost", tls_context::client(trusting())));
        CHECK(client.reason == "wrong version number");
    });
}

TEST_CASE("a handshake that breaks off, or never goes on") {
    on_a_loop([]() -> task<> {
        const auto serves = tls_context::server(serving());
        const auto begin = [](tcp& client) -> task<> {
            co_await client.write(std::string("\x16\x03\x01\x02\x00\x01\x00", 7));
        };
        {
            tcp_ends below = co_await tcp_connected();
            co_await begin(below.client);
            below.client.close();
            const outcome server = co_await outcome_of(tls::server(std::move(below.server), serves));
            CHECK(server.error.starts_with("accept TLS from 127.0.0.1:"));
            CHECK(server.error.ends_with(", where the other side has hung up: end of file"));
        }
        tcp_ends below = co_await tcp_connected();
        co_await begin(below.client);
        bool was_over = false;
        try {
            co_await timeout(1ms, tls::server(std::move(below.server), serves));
        } catch (const timed_out&) {
            was_over = true;
        }
        CHECK(was_over);
        CHECK((co_await below.client.read_all()).empty());
    });
}

TEST_CASE("what cannot be is said") {
    on_a_loop([]() -> task<> {
        tcp_ends below = co_await tcp_connected();
        const auto for_client = tls_context::client(trusting());
        CHECK_THROWS_AS(static_cast<void>(tls::server(std::move(below.server), for_client)), std::invalid_argument);
        CHECK_THROWS_AS(static_cast<void>(tls::client(std::move(below.client), "x", tls_context::server(serving()))),
                        std::invalid_argument);
        tcp_ends more = co_await tcp_connected();
        const outcome nameless = co_await outcome_of(tls::client(std::move(more.client), "", for_client));
        CHECK(nameless.error == "pyasync: a TLS client that verifies the other side needs the host's name");
        const outcome twice = co_await outcome_of(tls::client(std::move(more.client), "localhost", for_client));
        CHECK(twice.error == "pyasync: this stream has been moved away");
    });
}

TEST_CASE("by name, from the lookup on") {
    on_a_loop([]() -> task<> {
        auto listening = co_await tcp::listen({"127.0.0.1", 0});
        const auto serve = [](listener<tcp>& at) -> task<> {
            tcp come = co_await at.accept();
            auto peer = co_await tls::server(std::move(come), tls_context::server(serving()));
            co_await peer.write("hi");
            CHECK(co_await peer.finish());
        };
        const auto ask = [](std::uint16_t port) -> task<std::string> {
            auto peer = co_await tls::connect("localhost", port, tls_context::client(trusting()));
            std::string answer = co_await peer.read_all();
            co_await peer.shutdown();
            co_return answer;
        };
        auto [nothing, answer] = co_await when_all(serve(listening), ask(listening.local_address().port()));
        CHECK(answer == "hi");
    });
}

}  // namespace
}  // namespace pyasync::uv::test
