// tests/uv/tls_write_test.cpp: what writers on a TLS connection wait for, and for whom they make room.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/tls.hpp>

#include <doctest/doctest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <pyasync/core/event.hpp>
#include <pyasync/core/when_all.hpp>
#include <pyasync/core/when_any.hpp>
#include <pyasync/uv/sleep.hpp>
#include <pyasync/uv/write_cancelled.hpp>
#include "tls_ends.hpp"

namespace pyasync::uv::test {
namespace {

using namespace std::chrono_literals;

const std::string much(20'000'000, 'x');  // more than a peer takes that does not read

task<> write(tls& to, const std::string& all) { co_await to.write(all); }

task<> nothing() { co_return; }

task<> begin(task<> one, event& begun) {
    begun.set();
    co_await std::move(one);
}

task<> begin_behind(event& other, task<> one, event& begun) {
    co_await other.wait();
    co_await begin(std::move(one), begun);
}

task<> cancel_at(event& when, task<> one, task<> then) {
    co_await when_any(std::move(one), when.wait());
    co_await std::move(then);
}

/// `first` begins to wait, `second` does so, `first` is cancelled, and what is `then` to be done begins.
task<> cancel_first(task<> first, task<> second, task<> then = nothing()) {
    event first_begun;
    event both_begun;
    co_await when_all(cancel_at(both_begun, begin(std::move(first), first_begun), std::move(then)),
                      begin_behind(first_begun, std::move(second), both_begun));
}

TEST_CASE("a writer that begins to wait when the connection is closed is told, whatever is left to send") {
    on_a_loop([]() -> task<> {
        tls_ends ends = co_await connected();
        make_narrow(ends);
        tls& client = ends.client;
        co_await when_any(write(client, much), nothing());
        client.close();
        CHECK(co_await error_of(write(client, "x")) == "write to " + client.peer() + ": Bad file descriptor");
        CHECK(co_await error_of(write(client, "x")) == "write to " + client.peer() + ": Bad file descriptor");
    });
}

TEST_CASE("so is one that has got its turn right before that") {
    on_a_loop([]() -> task<> {
        tls_ends ends = co_await connected();
        make_narrow(ends);
        tls& client = ends.client;
        const auto write_and_close = [](tls& by) -> task<> {
            try {
                co_await by.write(much);
            } catch (const write_cancelled&) {  // the next one has its turn, but has not gone on yet
                by.close();
            }
        };
        std::string said;
        const auto write_next = [](tls& by, std::string& error) -> task<> {
            error = co_await error_of(write(by, "x"));
        };
        co_await cancel_first(write_and_close(client), write_next(client, said));
        CHECK(said == "write to " + client.peer() + ": Bad file descriptor");
    });
}

TEST_CASE("a writer that never has to wait lets others have their turn") {
    on_a_loop([]() -> task<> {
        auto [server, client] = co_await connected();
        bool over = false;
        const auto flood = [](tls& by, const bool& stopped) -> task<> {
            while (!stopped) co_await by.write("");  // the other side always keeps up with that
        };
        const auto stop = [](bool& stopped) -> task<> {
            for (int turn = 0; turn < 3; ++turn) co_await sleep(0s);
            stopped = true;
        };
        co_await when_all(flood(client, over), stop(over));
    });
}

/// A connection whose client has half of a message to its OpenSSL, a session ticket in many records.
struct amid_message {
    tls_ends ends;
    std::string rest;
};

task<amid_message> connected_amid_message() {
    tls_ends ends = co_await connected();
    SSL* const raw = ends.server.raw();
    const std::string data(4000, 'x');
    std::size_t size = 0;
    CHECK(SSL_write_ex(raw, "!", 1, &size) == 1);
    CHECK(SSL_set_max_send_fragment(raw, 512) == 1);
    CHECK(SSL_SESSION_set1_ticket_appdata(SSL_get_session(raw), data.data(), data.size()) == 1);
    CHECK(SSL_new_session_ticket(raw) == 1);
    CHECK(SSL_do_handshake(raw) == 1);
    std::string all(10'000, '\0');
    all.resize(static_cast<std::size_t>(std::max(BIO_read(SSL_get_wbio(raw), all.data(), 10'000), 0)));
    CHECK(all.size() > 4000);
    co_await ends.server.transport().write(std::string_view(all).substr(0, 2000));
    CHECK(co_await ends.client.read_exactly(1) == "!");         // behind which the half has come
    co_await when_any(ends.client.read_exactly(1), nothing());  // has a look at it
    CHECK(SSL_in_init(ends.client.raw()) == 1);
    co_return amid_message{std::move(ends), all.substr(2000)};
}

task<std::string> answer_to(tls& from) { co_return (co_await from.read_exactly(6)); }

task<> send_rest(tls& by, const std::string& rest) {
    co_await by.transport().write(rest);
    co_await by.write("answer");
}

TEST_CASE("where half of a message to OpenSSL has come, writers wait for the reader to bring the rest") {
    on_a_loop([]() -> task<> {
        auto [ends, rest] = co_await connected_amid_message();
        auto& [server, client] = ends;
        auto [come, a, b, c] =
            co_await when_all(answer_to(client), write(client, "one"), client.shutdown(), send_rest(server, rest));
        CHECK(come == "answer");
        CHECK(co_await server.read_all() == "one");
    });
}

TEST_CASE("where nobody reads, they read that themselves, and a reader waits for them") {
    on_a_loop([]() -> task<> {
        {
            auto [ends, rest] = co_await connected_amid_message();
            auto& [server, client] = ends;
            auto [a, come, b] = co_await when_all(write(client, "one"), answer_to(client), send_rest(server, rest));
            CHECK(come == "answer");
            CHECK(co_await server.read_exactly(3) == "one");
        }
        auto [ends, rest] = co_await connected_amid_message();
        auto& [server, client] = ends;
        co_await when_all(client.shutdown(), send_rest(server, rest));
        CHECK(co_await server.read_all() == "");
        CHECK(co_await answer_to(client) == "answer");
    });
}

TEST_CASE("whoever reads may be cancelled meanwhile: the other one goes on") {
    on_a_loop([]() -> task<> {
        const auto read = [](tls& from, std::string& come) -> task<> { come = co_await answer_to(from); };
        std::string come;
        {
            auto [ends, rest] = co_await connected_amid_message();
            auto& [server, client] = ends;
            co_await cancel_first(read(client, come), write(client, "one"), send_rest(server, rest));
            CHECK(co_await server.read_exactly(3) == "one");
            CHECK(co_await answer_to(client) == "answer");
        }
        auto [ends, rest] = co_await connected_amid_message();
        auto& [server, client] = ends;
        co_await cancel_first(write(client, "one"), read(client, come), send_rest(server, rest));
        CHECK(come == "answer");
    });
}

TEST_CASE("both are told where the connection is closed meanwhile, or ends") {
    on_a_loop([]() -> task<> {
        const auto close = [](tls& one) -> task<> {
            one.close();
            co_return;
        };
        {
            auto [ends, rest] = co_await connected_amid_message();
            auto& [server, client] = ends;
            auto [reading, writing, nothing] =
                co_await when_all(error_of(answer_to(client)), error_of(write(client, "one")), close(client));
            const std::string closed = ", until another task closed it: Operation canceled";
            CHECK_MESSAGE((reading.starts_with("read from ") && reading.ends_with(closed)), reading);
            CHECK(writing == "write to " + client.peer() + closed);
        }
        auto [ends, rest] = co_await connected_amid_message();
        auto& [server, client] = ends;
        auto [writing, reading, nothing] =
            co_await when_all(error_of(write(client, "one")), error_of(answer_to(client)), close(server));
        CHECK(writing == "write to " + client.peer() + ", which has hung up in the middle of a message: end of file");
        CHECK(reading.starts_with("read from " + client.peer() + ", which has hung up"));
    });
}

}  // namespace
}  // namespace pyasync::uv::test
