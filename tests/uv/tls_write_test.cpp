// tests/uv/tls_write_test.cpp: what writers on a TLS connection wait for, and for whom they make room.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/tls.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include <pyasync/core/event.hpp>
#include <pyasync/core/timed_out.hpp>
#include <pyasync/core/when_all.hpp>
#include <pyasync/uv/sleep.hpp>
#include <pyasync/uv/timeout.hpp>
#include "tls_ends.hpp"

namespace pyasync::uv::test {
namespace {

using namespace std::chrono_literals;

const std::string much(20'000'000, 'x');  // more than a peer takes that does not read

task<> write(tls& to, const std::string& all) { co_await to.write(all); }

TEST_CASE("a writer that begins to wait when the connection is closed is told, whatever is left to send") {
    on_a_loop([]() -> task<> {
        auto [server, client] = co_await connected();
        bool is_left = false;
        try {
            co_await timeout(1ms, write(client, much));
        } catch (const timed_out&) {
            is_left = true;
        }
        CHECK(is_left);
        client.close();
        CHECK(co_await error_of(write(client, "x")) == "write to " + client.peer() + ": Bad file descriptor");
        CHECK(co_await error_of(write(client, "x")) == "write to " + client.peer() + ": Bad file descriptor");
    });
}

TEST_CASE("so is one that has got its turn right before that") {
    on_a_loop([]() -> task<> {
        auto [server, client] = co_await connected();
        event begun;
        const auto give_up = [](tls& by, event& begins) -> task<> {
            begins.set();
            try {
                co_await by.write(much);
            } catch (const write_cancelled&) {  // the next one has its turn, but has not gone on yet
                by.close();
            }
        };
        const auto write_next = [](tls& by, event& other) -> task<> {
            co_await other.wait();
            co_await by.write("x");
        };
        auto [nothing, said] =
            co_await when_all(timeout(1ms, give_up(client, begun)), error_of(write_next(client, begun)));
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

}  // namespace
}  // namespace pyasync::uv::test
