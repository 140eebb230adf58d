// tests/uv/tls_write_test.cpp: what writers on a TLS connection wait for, and for whom they make room.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/tls.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
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

}  // namespace
}  // namespace pyasync::uv::test
