// tests/uv/tls_ends.hpp: both ends of a TLS connection over loopback, for its tests.
// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>
#include <uv.h>

#include <string>
#include <utility>

#include <pyasync/core/when_all.hpp>
#include <pyasync/uv/tls.hpp>
#include "support/certificates.hpp"
#include "support/launch.hpp"

namespace pyasync::uv::test {

using pyasync::test::authority;
using pyasync::test::identity;
using pyasync::test::self_signed;

inline const std::string names = "DNS:localhost,DNS:*.example.org,IP:127.0.0.1";

/// One for all cases: to make keys takes a while.
inline const authority& root() {
    static const authority one("The root of the tests");
    return one;
}

inline const identity& of_server() {
    static const identity one = root().issue("server", names);
    return one;
}

inline tls_options trusting() { return std::move(tls_options().trust_pem(root().certificate())); }

inline tls_options serving(const identity& who = of_server()) {
    return std::move(tls_options().certificate_pem(who.certificate, who.key));
}

struct tcp_ends {
    tcp server;
    tcp client;
};

inline task<tcp_ends> tcp_connected() {
    auto listening = co_await tcp::listen({"127.0.0.1", 0});
    auto [server, client] = co_await when_all(listening.accept(), tcp::connect(listening.local_address()));
    co_return tcp_ends{std::move(server), std::move(client)};
}

struct tls_ends {
    tls server;
    tls client;
};

inline task<tls_ends> connected(tls_context of_client = tls_context::client(trusting()),
                                tls_context of_server = tls_context::server(serving()),
                                std::string host = "localhost") {
    tcp_ends below = co_await tcp_connected();
    auto [server, client] = co_await when_all(tls::server(std::move(below.server), of_server),
                                              tls::client(std::move(below.client), host, of_client));
    co_return tls_ends{std::move(server), std::move(client)};
}

/// Nothing much fits between the two ends, so that both wait again and again.
inline void make_narrow(tls_ends& ends) {
    for (tls* end : {&ends.server, &ends.client}) {
        auto* const raw = reinterpret_cast<uv_handle_t*>(end->transport().raw());
        int size = 8192;
        CHECK(uv_send_buffer_size(raw, &size) == 0);
        size = 8192;
        CHECK(uv_recv_buffer_size(raw, &size) == 0);
    }
}

struct outcome {
    std::string error;  ///< what it has thrown; empty where it has not
    std::string reason;
    std::string verification;
};

/// What a handshake comes to.
inline task<outcome> outcome_of(task<tls> handshake) {
    outcome what;
    try {
        static_cast<void>(co_await std::move(handshake));
    } catch (const tls_error& failed) {
        what = {failed.what(), failed.reason(), failed.verification()};
    } catch (const std::exception& failed) {
        what.error = failed.what();
    }
    co_return what;
}

/// What a task throws.
template <typename T>
task<std::string> error_of(task<T> failing) {
    std::string said = "nothing";
    try {
        static_cast<void>(co_await std::move(failing));
    } catch (const std::exception& error) {
        said = error.what();
    }
    co_return said;
}

template <typename Body>
auto on_a_loop(Body body) {
    loop home;
    return pyasync::test::wait_for(pyasync::test::launch(body(), home));
}

}  // namespace pyasync::uv::test
