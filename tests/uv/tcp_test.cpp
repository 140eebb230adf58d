// tests/uv/tcp_test.cpp: TCP connections over loopback: both ways, slow readers, the other side's end, cancellations.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/tcp.hpp>

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <utility>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/when_all.hpp>
#include <pyasync/uv/timeout.hpp>
#include "support/launch.hpp"

namespace pyasync::uv {
namespace {

using test::launch;
using test::wait_for;

const address any_port("127.0.0.1", 0);

struct ends {
    tcp server;
    tcp client;
};

task<ends> connected() {
    auto listening = co_await tcp::listen(any_port);
    auto [server, client] = co_await when_all(listening.accept(), tcp::connect(listening.local_address()));
    co_return ends{std::move(server), std::move(client)};
}

template <typename Body>
auto on_a_loop(Body body) {
    loop home;
    return wait_for(launch(body(), home));
}

TEST_CASE("what is written on one side is read on the other, up to its end") {
    on_a_loop([]() -> task<> {
        auto [server, client] = co_await connected();
        CHECK(server.peer_address() == client.local_address());
        CHECK(client.peer_address() == server.local_address());
        co_await client.write("hello, ", std::string("you"));
        std::string come(10, '\0');
        co_await server.read_exactly(come);
        CHECK(come == "hello, you");
        co_await client.shutdown();
        std::array<char, 8> room{};
        CHECK(co_await server.read_some(room) == 0);
        CHECK(co_await server.read_some(room) == 0);
        co_await server.write("bye");
        server.close();
        CHECK(co_await client.read_all() == "bye");
    });
}

TEST_CASE("lines") {
    on_a_loop([]() -> task<> {
        auto [server, client] = co_await connected();
        co_await client.write("one\ntwo\nthr");
        CHECK(co_await server.read_until("\n") == "one\n");
        CHECK(co_await server.read_until("\n") == "two\n");
        co_await client.write("ee\nrest");
        CHECK(co_await server.read_until("\n") == "three\n");
        co_await client.shutdown();
        CHECK(co_await server.read_until("\n") == "rest");
        CHECK(co_await server.read_until("\n") == std::nullopt);
    });
}

TEST_CASE("a writer waits for a slow reader, and nothing is lost or mixed up") {
    on_a_loop([]() -> task<> {
        auto [server, client] = co_await connected();
        constexpr std::size_t size = 20'000'000;
        std::string sent(size, '\0');
        for (std::size_t i = 0; i < size; ++i) sent[i] = static_cast<char>(i * 31 >> 3);
        const auto write = [](tcp& to, const std::string& all) -> task<> {
            co_await to.write(all);
            co_await to.shutdown();
        };
        const auto read = [](tcp& from) -> task<std::string> { co_return co_await from.read_all(); };
        auto [nothing, come] = co_await when_all(write(client, sent), read(server));
        CHECK(come == sent);
    });
}

TEST_CASE("a cancelled write says how much has gone out, and the rest can follow") {
    on_a_loop([]() -> task<> {
        auto [server, client] = co_await connected();
        std::string sent(20'000'000, '\0');
        for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 31 >> 3);
        const auto write = [](tcp& to, const std::string& all) -> task<std::size_t> {
            try {
                co_await to.write(all);
                co_return all.size();
            } catch (const write_cancelled& when) {
                co_return when.written;
            }
        };
        std::size_t written = 0;
        for (int part = 0; part < 3; ++part) {
            written += co_await timeout(std::chrono::milliseconds(1), write(client, sent.substr(written)));
            CHECK(written < sent.size());
        }
        CHECK(written > 0);
        const auto rest = [](tcp& to, const std::string& all) -> task<> {
            co_await to.write(all);
            co_await to.shutdown();
        };
        const auto read = [](tcp& from) -> task<std::string> { co_return co_await from.read_all(); };
        auto [nothing, come] = co_await when_all(rest(client, sent.substr(written)), read(server));
        CHECK(come == sent);
    });
}

TEST_CASE("nobody listens") {
    on_a_loop([]() -> task<> {
        auto listening = co_await tcp::listen(any_port);
        const address gone = listening.local_address();
        listening.close();
        std::string said;
        try {
            co_await tcp::connect(gone);
        } catch (const error& failed) {
            said = failed.what();
            CHECK(failed.code() == std::errc::connection_refused);
        }
        CHECK(said == "connect to " + gone.to_string() + ": Connection refused");
    });
}

TEST_CASE("by name") {
    on_a_loop([]() -> task<> {
        auto listening = co_await tcp::listen(any_port);
        auto [server, client] =
            co_await when_all(listening.accept(), tcp::connect("localhost", listening.local_address().port()));
        co_await server.write("hi");
        server.close();
        CHECK(co_await client.read_all() == "hi");
    });
}

}  // namespace
}  // namespace pyasync::uv
