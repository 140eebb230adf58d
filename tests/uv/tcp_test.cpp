// tests/uv/tcp_test.cpp: TCP connections over loopback: both ways, slow readers, the other side's end, cancellations.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/tcp.hpp>

#include <doctest/doctest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <uv.h>

#include <array>
#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/when_all.hpp>
#include <pyasync/uv/sleep.hpp>
#include <pyasync/uv/timeout.hpp>
#include "support/launch.hpp"
#include "support/run_on.hpp"

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

/// What the system's option is.
int option_of(tcp& of, int level, int name) {
    int descriptor = -1;
    REQUIRE(uv_fileno(reinterpret_cast<uv_handle_t*>(of.raw()), &descriptor) == 0);
    int value = 0;
    socklen_t size = sizeof value;
    REQUIRE(::getsockopt(descriptor, level, name, &value, &size) == 0);
    return value;
}

/// Closes it, and what was under way is lost: the other side is told so.
void abort_connection(tcp& of) {
    int descriptor = -1;
    REQUIRE(uv_fileno(reinterpret_cast<uv_handle_t*>(of.raw()), &descriptor) == 0);
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    REQUIRE(::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
    of.close();
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

TEST_CASE("a peer that resets the connection") {
    on_a_loop([]() -> task<> {
        auto [server, client] = co_await connected();
        co_await client.write("x");
        co_await client.read_some(std::span<char>());
        abort_connection(server);
        std::array<char, 8> room{};
        std::string said;
        try {
            co_await client.read_some(room);
        } catch (const error& failed) {
            said = failed.what();
        }
        CHECK(said == "read from " + client.peer() + ": Connection reset by peer");
        try {
            co_await client.write("x");
            FAIL("there is nobody");
        } catch (const error& failed) {
            CHECK((failed.status() == UV_EPIPE || failed.status() == UV_ECONNRESET || failed.status() == UV_ENOTCONN));
        }
    });
}

TEST_CASE("options of a connection") {
    on_a_loop([]() -> task<> {
        auto [server, client] = co_await connected();
        CHECK(option_of(client, IPPROTO_TCP, TCP_NODELAY) != 0);
        CHECK(option_of(server, IPPROTO_TCP, TCP_NODELAY) != 0);
        client.no_delay(false);
        CHECK(option_of(client, IPPROTO_TCP, TCP_NODELAY) == 0);
        client.keep_alive(std::chrono::seconds(7));
        CHECK(option_of(client, SOL_SOCKET, SO_KEEPALIVE) != 0);
        CHECK(option_of(client, IPPROTO_TCP, TCP_KEEPIDLE) == 7);
        client.keep_alive(std::chrono::seconds(0));
        CHECK(option_of(client, SOL_SOCKET, SO_KEEPALIVE) == 0);
        client.close();
        const std::string said = "ask for the own address of the connection to " + client.peer_address().to_string() +
                                 ": Bad file descriptor";
        CHECK_THROWS_WITH_AS(static_cast<void>(client.local_address()), said.c_str(), error);
    });
}

/// Listens, and has as many connections as it will take: who connects now waits for ever.
class mute_address {
public:
    mute_address() {
        const address at("127.0.0.1", 0);
        REQUIRE(::bind(socket_.number(), at.raw(), sizeof(sockaddr_in)) == 0);
        REQUIRE(::listen(socket_.number(), 0) == 0);
        sockaddr_storage bound{};
        socklen_t size = sizeof bound;
        REQUIRE(::getsockname(socket_.number(), reinterpret_cast<sockaddr*>(&bound), &size) == 0);
        address_ = address(reinterpret_cast<const sockaddr&>(bound));
        for (detail::descriptor& each : filling_) {
            each = detail::descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
            static_cast<void>(::connect(each.number(), address_.raw(), sizeof(sockaddr_in)));
        }
    }
    [[nodiscard]] const address& where() const noexcept { return address_; }

private:
    detail::descriptor socket_{::socket(AF_INET, SOCK_STREAM, 0)};
    std::array<detail::descriptor, 4> filling_;
    address address_;
};

TEST_CASE("connecting is cancelled at once") {
    on_a_loop([]() -> task<> {
        const mute_address mute;
        const auto connect = [](address to) -> task<tcp> { co_return co_await tcp::connect(to); };
        future<tcp> connecting = launch(connect(mute.where()), *loop::current());
        co_await sleep(std::chrono::milliseconds(0));
        connecting.cancel();
        CHECK_THROWS_AS(co_await std::move(connecting), cancelled);
    });
}

TEST_CASE("a loop that is stopped does not continue who connects") {
    const mute_address mute;
    std::atomic<bool> went_on = false;
    loop home;
    const auto connect = [&went_on](address to) -> task<> {
        try {
            static_cast<void>(co_await tcp::connect(to));
        } catch (const error&) {
        }
        went_on = true;
    };
    future<> connecting = launch(connect(mute.where()), home);
    test::run_on(home, [] {});
    test::run_on(home, [] {});
    home.stop();
    CHECK_FALSE(went_on);
    test::leave_behind(std::move(connecting));
}

TEST_CASE("of several addresses, the one that answers") {
    on_a_loop([]() -> task<> {
        auto listening = co_await tcp::listen(any_port);
        const address good = listening.local_address();
        auto closed = co_await tcp::listen(any_port);
        const address refused = closed.local_address();
        closed.close();
        const mute_address mute;

        for (const address& first : {refused, mute.where(), good}) {
            std::vector<address> both{first, good};
            CHECK((co_await tcp::connect(std::move(both))).peer_address() == good);
        }
        std::vector<address> neither{refused, refused};
        std::string said;
        try {
            co_await tcp::connect(std::move(neither));
        } catch (const error& failed) {
            said = failed.what();
            CHECK(failed.status() == UV_ECONNREFUSED);
        }
        const std::string one = refused.to_string() + ": Connection refused";
        CHECK(said == "connect to one of 2 addresses (" + one + ", " + one + "): Connection refused");
        CHECK_THROWS_AS(co_await tcp::connect(std::vector<address>()), std::invalid_argument);
    });
}

TEST_CASE("IPv6") {
    on_a_loop([]() -> task<> {
        std::optional<listener<tcp>> listening;
        try {
            listening = co_await tcp::listen({"::1", 0});
        } catch (const error&) {
            MESSAGE("skipped: no IPv6");
        }
        if (!listening) co_return;
        CHECK(listening->name().starts_with("[::1]:"));
        auto [server, client] = co_await when_all(listening->accept(), tcp::connect(listening->local_address()));
        CHECK(client.peer() == listening->name());
    });
}

}  // namespace
}  // namespace pyasync::uv
