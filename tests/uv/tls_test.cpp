// tests/uv/tls_test.cpp: what goes over a TLS connection: both ways, slowly, cancelled at any moment, to its end.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/tls.hpp>

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pyasync/core/misuse.hpp>
#include <pyasync/uv/sleep.hpp>
#include <pyasync/uv/timeout.hpp>
#include "tls_ends.hpp"

namespace pyasync::uv::test {
namespace {

using namespace std::chrono_literals;

std::string pattern(std::size_t size, unsigned seed) {
    std::string made(size, '\0');
    std::mt19937 random(seed);
    for (char& each : made) each = static_cast<char>(random());
    return made;
}

tls_context client_of(tls_version version) { return tls_context::client(trusting().maximum_version(version)); }

task<> write_and_end(tls& to, const std::string& all) {
    co_await to.write(all);
    co_await to.shutdown();
}

task<std::string> all_of(tls& from) { return from.read_all(); }

TEST_CASE("what is written on one side is read on the other, up to its end") {
    on_a_loop([]() -> task<> {
        auto [server, client] = co_await connected();
        const std::vector<char> end(1, '!');
        co_await client.write("hello, ", std::string("you"), "", end);
        CHECK(co_await server.read_exactly(11) == "hello, you!");
        co_await client.write("one\ntwo\nthr");
        CHECK(co_await server.read_until("\n") == "one\n");
        co_await client.write("ee\n\nrest");
        CHECK(co_await server.read_until("\n") == "two\n");
        std::array<char, 3> room{};
        CHECK(co_await server.read_some(room) == 3);
        CHECK(std::string(room.data(), 3) == "thr");
        CHECK(co_await server.read_until("\n\n") == "ee\n\n");
        co_await client.shutdown();
        CHECK(co_await server.read_all() == "rest");
        CHECK(co_await server.read_some(room) == 0);
        co_await server.write("bye");
        co_await server.shutdown();
        co_await server.shutdown();
        CHECK(co_await client.read_until("\n") == "bye");
        CHECK(co_await client.read_until("\n") == std::nullopt);
        CHECK((co_await error_of([](tls& ended) -> task<> { co_await ended.write("more"); }(client)))
                  .ends_with(": Broken pipe"));
    });
}

TEST_CASE("large amounts both ways at once") {
    for (const tls_version version : {tls_version::tls1_2, tls_version::tls1_3}) {
        on_a_loop([version]() -> task<> {
            const std::string there = pattern(12'000'000, 1);
            const std::string back = pattern(11'000'001, 2);
            auto [server, client] = co_await connected(client_of(version));
            auto [a, b, at_server, at_client] = co_await when_all(
                write_and_end(client, there), write_and_end(server, back), all_of(server), all_of(client));
            CHECK(at_server == there);
            CHECK(at_client == back);
        });
    }
}

TEST_CASE("a slow reader, which has small room") {
    on_a_loop([]() -> task<> {
        const std::string sent = pattern(2'000'000, 3);
        auto [server, client] = co_await connected();
        const auto read = [](tls& from) -> task<std::string> {
            std::string come;
            std::array<char, 700> room{};
            for (int turn = 0;; ++turn) {
                if (turn % 100 == 0) co_await sleep(100us);
                const std::size_t size = co_await from.read_some(room);
                if (size == 0) co_return come;
                come.append(room.data(), size);
            }
        };
        auto [nothing, come] = co_await when_all(write_and_end(client, sent), read(server));
        CHECK(come == sent);
    });
}

TEST_CASE("many write at a time, none between the parts of another one's") {
    on_a_loop([]() -> task<> {
        auto [server, client] = co_await connected();
        const auto write = [](tls& to, char letter) -> task<> {
            const std::string body(300'000, letter);
            co_await to.write("<", body, ">");
        };
        const auto read = [](tls& from) -> task<int> {
            int whole = 0;
            for (; whole < 20; ++whole) {
                const auto frame = co_await from.read_until(">", 1'000'000);
                CHECK(frame.value().size() == 300'002);
                CHECK(frame.value().find_first_not_of(frame.value()[1], 1) == 300'001);
            }
            co_return whole;
        };
        const auto write_all = [&write](tls& to) -> task<> {
            co_await when_all(write(to, 'a'), write(to, 'b'), write(to, 'c'), write(to, 'd'), write(to, 'e'));
        };
        auto [a, b, c, d, whole] =
            co_await when_all(write_all(client), write_all(client), write_all(client), write_all(client), read(server));
        CHECK(whole == 20);
    });
}

TEST_CASE("keys change while both sides are at it") {
    on_a_loop([]() -> task<> {
        const std::string there = pattern(5'000'000, 4);
        auto [server, client] = co_await connected();
        const auto write = [](tls& to, const std::string& all) -> task<> {
            for (std::size_t at = 0; at < all.size(); at += 500'000) {
                SSL_key_update(to.raw(), SSL_KEY_UPDATE_REQUESTED);
                co_await to.write(std::string_view(all).substr(at, 500'000));
            }
            co_await to.shutdown();
        };
        auto [a, b, at_server, at_client] =
            co_await when_all(write(client, there), write(server, there), all_of(server), all_of(client));
        CHECK(at_server == there);
        CHECK(at_client == there);
    });
}

TEST_CASE("cancelled at any moment") {
    const char* const given = std::getenv("PYASYNC_TEST_SEED");
    const unsigned seed = given != nullptr ? static_cast<unsigned>(std::atoi(given)) : std::random_device()();
    MESSAGE("PYASYNC_TEST_SEED=" << seed);
    for (const tls_version version : {tls_version::tls1_2, tls_version::tls1_3}) {
        on_a_loop([seed, version]() -> task<> {
            std::mt19937 random(seed);
            const std::string there = pattern(400'000, seed);
            const std::string back = pattern(400'000, seed + 1);
            tls_ends ends = co_await connected(client_of(version));
            make_narrow(ends);
            auto& [server, client] = ends;
            // Each task draws for itself, since the order in which they run is not the seed's.
            const auto write = [](tls& to, const std::string& all, std::mt19937 draw) -> task<int> {
                int cancelled_ones = 0;
                const auto part = [](tls& into, std::string_view rest) -> task<std::size_t> {
                    std::size_t written = rest.size();
                    try {
                        co_await into.write(rest.substr(0, 10), rest.substr(10));
                    } catch (const write_cancelled& when) {
                        written = when.written;
                    }
                    co_return written;
                };
                for (std::size_t written = 0; written < all.size();) {
                    const std::size_t most = draw() % 4 == 0 ? 100'000 : 10'000;
                    const std::string_view rest = std::string_view(all).substr(written, 10 + draw() % most);
                    if (rest.size() < 10) {
                        co_await to.write(rest);
                        break;
                    }
                    const std::size_t more = co_await timeout(std::chrono::microseconds(draw() % 300), part(to, rest));
                    if (more < rest.size()) ++cancelled_ones;
                    if (draw() % 2 == 0) co_await sleep(std::chrono::microseconds(draw() % 1000));
                    written += more;
                }
                co_await to.shutdown();
                co_return cancelled_ones;
            };
            const auto read = [](tls& from, std::mt19937 draw, int& cancelled_ones) -> task<std::string> {
                std::string come;
                std::vector<char> room(100'000);
                for (;;) {
                    if (draw() % 8 == 0) co_await sleep(std::chrono::microseconds(draw() % 2000));
                    std::size_t size = 1;
                    bool was_cancelled = false;
                    try {
                        size = co_await timeout(std::chrono::microseconds(draw() % 200), from.read_some(room));
                    } catch (const timed_out&) {
                        was_cancelled = true;
                        ++cancelled_ones;
                    }
                    if (size == 0) co_return come;
                    if (!was_cancelled) come.append(room.data(), size);
                }
            };
            int cancelled_reads = 0;
            auto [a, b, at_server, at_client] = co_await when_all(
                write(client, there, std::mt19937(random())), write(server, back, std::mt19937(random())),
                read(server, std::mt19937(random()), cancelled_reads),
                read(client, std::mt19937(random()), cancelled_reads));
            MESSAGE("cancelled: " << a + b << " writes, " << cancelled_reads << " reads");
            CHECK(at_server.size() == there.size());
            CHECK(at_client.size() == back.size());
            CHECK((at_server == there));
            CHECK((at_client == back));
        });
    }
}

TEST_CASE("handshakes cancelled at any moment leave nothing behind") {
    on_a_loop([]() -> task<> {
        const auto serves = tls_context::server(serving());
        const auto asks = tls_context::client(trusting());
        const auto try_it = [](task<tls> handshake, std::chrono::microseconds limit) -> task<bool> {
            bool done = false;
            try {
                static_cast<void>(co_await timeout(limit, std::move(handshake)));
                done = true;
            } catch (const timed_out&) {
            } catch (const std::system_error&) {  // the other side was cancelled
            }
            co_return done;
        };
        for (int i = 0; i < 40; ++i) {
            tcp_ends below = co_await tcp_connected();
            co_await when_all(try_it(tls::server(std::move(below.server), serves), i * 60us),
                              try_it(tls::client(std::move(below.client), "localhost", asks), (40 - i) * 60us));
        }
    });
}

TEST_CASE("a connection that ends without close_notify may have been cut off") {
    on_a_loop([]() -> task<> {
        for (const tls_version version : {tls_version::tls1_2, tls_version::tls1_3}) {
            auto [server, client] = co_await connected(client_of(version));
            co_await server.write("line\nhalf a li");
            server.close();
            CHECK_FALSE(server.is_open());
            CHECK(co_await client.read_until("\n") == "line\n");
            const std::string said =
                "read from " + client.peer() +
                ", which has hung up without saying that this is the end (close_notify): end of file";
            CHECK(co_await error_of([](tls& from) -> task<> { co_await from.read_until("\n"); }(client)) == said);
            CHECK(co_await error_of(all_of(client)) == said);
        }
    });
}

TEST_CASE("unless that is accepted") {
    on_a_loop([]() -> task<> {
        auto [server, client] = co_await connected(tls_context::client(trusting().accept_unannounced_end()));
        co_await server.write("half a li");
        server.close();
        CHECK(co_await client.read_all() == "half a li");
    });
}

TEST_CASE("a record that is none ends the connection for good, and the other side hears of it") {
    on_a_loop([]() -> task<> {
        auto [server, client] = co_await connected();
        co_await server.transport().write(std::string("\x17\x03\x03\x00\x20", 5), std::string(32, 'x'));
        const std::string said = "read from " + client.peer() + ": decryption failed or bad record mac";
        CHECK(co_await error_of(all_of(client)) == said);
        CHECK(co_await error_of(all_of(client)) == said);
        CHECK(co_await error_of([](tls& to) -> task<> { co_await to.write("x"); }(client)) == said);
        CHECK((co_await error_of(all_of(server))).ends_with("alert bad record mac"));
    });
}

TEST_CASE("who writes to a side that has gone learns of it") {
    on_a_loop([]() -> task<> {
        auto [server, client] = co_await connected();
        server.close();
        const auto write = [](tls& to) -> task<> {
            const std::string much(1'000'000, 'x');
            for (;;) co_await to.write(much);
        };
        const std::string said = co_await error_of(write(client));
        CHECK(said.starts_with("write to localhost:"));
    });
}

TEST_CASE("what waits when the connection is closed, or gone, ends") {
    for (const bool is_gone : {false, true}) {
        on_a_loop([is_gone]() -> task<> {
            auto [server, client_end] = co_await connected();
            std::optional<tls> client(std::move(client_end));
            const std::string much(20'000'000, 'x');
            const auto write = [](tls& to, const std::string& all) -> task<> { co_await to.write(all); };
            const auto close = [is_gone](std::optional<tls>& closing) -> task<> {  // begins when the others wait
                if (is_gone) {
                    closing.reset();
                } else {
                    closing->close();
                }
                co_return;
            };
            auto [reading, writing, waiting, nothing] =
                co_await when_all(error_of(all_of(*client)), error_of(write(*client, much)),
                                  error_of(write(*client, much)), close(client));
            const std::string closed = ", until another task closed it: Operation canceled";
            CHECK_MESSAGE((reading.starts_with("read from ") && reading.ends_with(closed)), reading);
            CHECK_MESSAGE((writing.starts_with("write to ") && writing.ends_with(closed)), writing);
            CHECK_MESSAGE((waiting.starts_with("write to ") && waiting.ends_with(closed)), waiting);
        });
    }
}

TEST_CASE("ending both ways") {
    on_a_loop([]() -> task<> {
        {
            auto [server, client] = co_await connected();
            co_await client.write(pattern(100'000, 5));
            auto [a, b] = co_await when_all(server.finish(), client.finish());
            CHECK(a);
            CHECK(b);
            CHECK_FALSE(server.is_open());
        }
        {
            auto [server, client] = co_await connected();
            CHECK_FALSE(co_await client.finish(1ms));
            CHECK(co_await server.read_all() == "");
        }
        auto [server, client] = co_await connected();
        server.close();
        CHECK_FALSE(co_await client.finish());
    });
}

TEST_CASE("the connection below may be moved out, and stays open") {
    on_a_loop([]() -> task<> {
        auto [server, client_end] = co_await connected();
        std::optional<tls> client(std::move(client_end));
        tcp plain = std::move(client->transport());
        CHECK_FALSE(client->is_open());
        client->close();
        client.reset();
        CHECK(plain.is_open());
        co_await server.transport().write("plain");
        plain.close();
    });
}

TEST_CASE("two readers, and a connection of another loop's") {
    loop home;
    loop other;  // ends before the one that it answers
    const auto body = [&]() -> task<> {
        auto [server, client] = co_await connected();
        const auto write = [](tls& to) -> task<> { co_await to.write("x"); };
        std::array<char, 1> room{};
        auto [first, second, nothing] =
            co_await when_all(client.read_some(room), error_of(all_of(client)), write(server));
        CHECK(second == "pyasync: two tasks read from one TLS connection at a time");
        const auto elsewhere = [](task<std::string> asked, loop& at) -> task<std::string> {
            return [](future<std::string> running) -> task<std::string> {
                co_return co_await std::move(running);
            }(pyasync::test::launch(std::move(asked), at));
        };
        CHECK((co_await elsewhere(error_of(write(client)), other)).starts_with("pyasync: a TLS connection is used by"));
        CHECK(
            (co_await elsewhere(error_of(all_of(client)), other)).starts_with("pyasync: a TLS connection is used by"));
        CHECK(
            (co_await elsewhere(error_of(client.finish()), other)).starts_with("pyasync: a TLS connection is used by"));
        CHECK(client.is_open());
    };
    pyasync::test::wait_for(pyasync::test::launch(body(), home));
}

TEST_CASE("a connection may be let go on any thread, and on two loops one context is used at a time") {
    const auto of_client = tls_context::client(trusting());
    const auto of_server = tls_context::server(serving());
    loop first;
    loop second;
    const auto talk = [&]() -> task<tls_ends> {
        tls_ends ends = co_await connected(of_client, of_server);
        for (int i = 0; i < 100; ++i) {
            co_await ends.client.write("ping");
            co_await ends.server.read_exactly(4);
        }
        co_return ends;
    };
    auto on_first = pyasync::test::launch(talk(), first);
    auto on_second = pyasync::test::launch(talk(), second);
    const tls_ends here = pyasync::test::wait_for(std::move(on_first));
    const tls_ends there = pyasync::test::wait_for(std::move(on_second));
}

}  // namespace
}  // namespace pyasync::uv::test
