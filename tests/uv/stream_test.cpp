// tests/uv/stream_test.cpp: what reading and writing come to when something ends early: a task, a stream, a loop, the other side.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/stream.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/when_all.hpp>
#include <pyasync/uv/pipe.hpp>
#include <pyasync/uv/sleep.hpp>
#include "support/launch.hpp"
#include "support/run_on.hpp"

namespace pyasync::uv {
namespace {

using namespace std::chrono_literals;
using test::launch;
using test::run_on;
using test::wait_for;

/// Two ends of one connection, on the loop that runs here.
std::pair<pipe, pipe> ends() {
    std::array<int, 2> descriptors{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, descriptors.data()) == 0);
    return {pipe::adopt(descriptors[0], "the right side"), pipe::adopt(descriptors[1], "the left side")};
}

template <typename Body>
auto on_a_loop(Body body) {
    loop home;
    return wait_for(launch(body(), home));
}

/// Fills the kernel's buffers, so that further writes have to wait.
task<std::size_t> fill(stream& full) {
    const std::string much(1 << 20, '.');
    std::size_t written = 0;
    const auto write = [](stream& to, const std::string& bytes) -> task<std::size_t> {
        try {
            for (;;) co_await to.write(bytes);
        } catch (const write_cancelled& when) {
            co_return when.written;
        }
    };
    future<std::size_t> running = launch(write(full, much), *loop::current());
    co_await sleep(0ms);
    running.cancel();
    written += co_await std::move(running);
    co_return written;
}

template <typename Awaitable>
task<std::string> failure_of(Awaitable awaitable) {
    try {
        static_cast<void>(co_await std::move(awaitable));
    } catch (const error& failed) {
        co_return failed.what();
    } catch (const misuse& failed) {
        co_return failed.what();
    } catch (const cancelled& failed) {
        co_return failed.what();
    }
    co_return "";
}

task<std::size_t> read_into(stream& from, mutable_buffer into) { co_return co_await from.read_some(into); }

task<> write_all(stream& to, std::string bytes) { co_await to.write(bytes); }

TEST_CASE("a read that is cancelled takes nothing away") {
    on_a_loop([]() -> task<> {
        auto [left, right] = ends();
        std::array<char, 4> room{};
        for (int round = 0; round < 3; ++round) {
            future<std::size_t> reading = launch(read_into(left, room), *loop::current());
            co_await sleep(0ms);
            reading.cancel();
            co_await right.write("abc");
            CHECK(co_await failure_of(std::move(reading)) == "the task was cancelled");
            CHECK(co_await left.read_some(room) == 3);
        }
    });
}

TEST_CASE("what the system takes at once is written at once, and nothing in front of who waits") {
    on_a_loop([]() -> task<> {
        auto [left, right] = ends();
        CHECK(left.try_write("ab", "c") == 3);
        CHECK(co_await right.read_some() == "abc");
        const std::vector<const_buffer> many(100, const_buffer("xy"));
        CHECK(left.try_write(many) == 200);
        CHECK((co_await right.read_exactly(200)).ends_with("xyxy"));
        const std::string much(1'000'000, 'm');
        std::size_t taken = 0;
        for (std::size_t now = 1; now > 0; taken += now) now = left.try_write(much);
        CHECK(taken > 0);
        future<> writing = launch(write_all(left, "end"), *loop::current());
        co_await sleep(0ms);
        // There is room again, and libuv has not told the writer yet.
        uv_os_fd_t end = -1;
        CHECK(uv_fileno(reinterpret_cast<uv_handle_t*>(right.raw()), &end) == 0);
        std::array<char, 65536> room{};
        for (ssize_t now = 0; taken > 0; taken -= static_cast<std::size_t>(now)) {
            now = ::recv(end, room.data(), std::min(room.size(), taken), 0);
            if (now <= 0) break;
        }
        CHECK(taken == 0);
        CHECK(left.try_write("x") == 0);
        CHECK(co_await right.read_exactly(3) == "end");
        co_await std::move(writing);
        CHECK(left.try_write("x") == 1);
        right.close();
        CHECK_THROWS_WITH_AS(left.try_write("x"), "write to the right side: Broken pipe", error);
        left.close();
        CHECK_THROWS_WITH_AS(left.try_write("x"), "write to the right side: Bad file descriptor", error);
    });
}

TEST_CASE("what cannot be polled is not taken over") {
    on_a_loop([]() -> task<> {
        for (const char* each : {"/etc/passwd", "/tmp", "/dev/null"}) {
            CAPTURE(each);
            const int number = ::open(each, O_RDONLY | O_CLOEXEC);
            REQUIRE(number >= 0);
            CHECK_THROWS_WITH_AS(
                static_cast<void>(pipe::adopt(number, each)),
                (std::string("take over ") + each + ", which is no pipe, socket or terminal: Invalid argument").c_str(),
                error);
            CHECK(::close(number) == 0);
        }
        co_return;
    });
}

TEST_CASE("on another loop a stream gives nothing, not even what has come") {
    loop home;
    loop other;  // which ends first: its thread may still be waking the first one's
    const auto body = [&other]() -> task<> {
        auto [left, right] = ends();
        co_await right.write("one\ntwo\n");
        CHECK(co_await left.read_until("\n") == "one\n");
        const auto read = [](stream& from) -> task<std::string> { co_return (co_await from.read_until("\n")).value(); };
        future<std::string> elsewhere = launch(read(left), other);
        CHECK(co_await failure_of(std::move(elsewhere)) ==
              "pyasync: a stream, a socket and the like are used by tasks of the loop that they were made on");
        CHECK(co_await left.read_some() == "two\n");
    };
    wait_for(launch(body(), home));
}

TEST_CASE("what another one is moved to is closed") {
    on_a_loop([]() -> task<> {
        auto [left, right] = ends();
        auto [other, far] = ends();
        left = std::move(other);
        CHECK((co_await right.read_all()).empty());
        co_await far.write("x");
        CHECK(co_await left.read_some() == "x");
    });
}

TEST_CASE("who shuts down waits for those that wait to write") {
    on_a_loop([]() -> task<> {
        auto [left, right] = ends();
        const std::string much(5'000'000, 'm');
        future<> writing = launch(write_all(left, much), *loop::current());
        future<> next = launch(write_all(left, "end"), *loop::current());
        const auto shut_down = [](stream& to) -> task<> { co_await to.shutdown(); };
        co_await sleep(0ms);
        future<> given_up = launch(shut_down(left), *loop::current());
        future<> ending = launch(shut_down(left), *loop::current());
        co_await sleep(0ms);
        given_up.cancel();
        CHECK(co_await failure_of(std::move(given_up)) == "the task was cancelled");
        const std::string come = co_await right.read_all();
        CHECK(come.size() == much.size() + 3);
        CHECK(come.ends_with("mend"));
        co_await std::move(writing);
        co_await std::move(next);
        co_await std::move(ending);
        CHECK(co_await failure_of(left.write("x")) ==
              "write to the right side, of which 0 bytes had gone out: Broken pipe");
        co_await right.write("back");
        CHECK(co_await left.read_some() == "back");
    });
}

TEST_CASE("what there is comes as a string, too") {
    on_a_loop([]() -> task<> {
        auto [left, right] = ends();
        CHECK((co_await left.read_some(0)).empty());
        future<std::string> reading = launch(left.read_some(), *loop::current());
        co_await sleep(0ms);
        reading.cancel();
        co_await right.write("abcdef\n");
        CHECK(co_await failure_of(std::move(reading)) == "the task was cancelled");
        CHECK(co_await left.read_some(2) == "ab");
        CHECK(co_await left.read_exactly(1) == "c");
        CHECK(co_await left.read_some() == "def\n");
        co_await right.shutdown();
        CHECK((co_await left.read_some()).empty());
        CHECK((co_await left.read_some()).empty());
    });
}

TEST_CASE("writers take turns, and one that is cancelled leaves the line") {
    on_a_loop([]() -> task<> {
        auto [left, right] = ends();
        const std::size_t before = co_await fill(left);
        std::vector<future<>> writing;
        for (const char* each : {"one ", "two ", "three "})
            writing.push_back(launch(write_all(left, each), *loop::current()));
        co_await sleep(0ms);
        writing[1].cancel();
        CHECK(co_await failure_of(std::move(writing[1])) == "the task was cancelled while it wrote");
        const auto rest = [](stream& to, std::vector<future<>>& all) -> task<> {
            co_await std::move(all[0]);
            co_await std::move(all[2]);
            co_await to.shutdown();
        };
        const auto read = [](stream& from) -> task<std::string> { co_return co_await from.read_all(); };
        auto [nothing, come] = co_await when_all(rest(left, writing), read(right));
        CHECK(come.size() == before + std::string("one three ").size());
        CHECK(come.ends_with("one three "));
    });
}

TEST_CASE("the last writer leaves, and the next one still has its turn") {
    on_a_loop([]() -> task<> {
        auto [left, right] = ends();
        co_await fill(left);
        std::vector<future<>> writing;
        for (const char* each : {"one ", "two "}) writing.push_back(launch(write_all(left, each), *loop::current()));
        co_await sleep(0ms);
        writing[1].cancel();
        co_await failure_of(std::move(writing[1]));
        writing.push_back(launch(write_all(left, "three "), *loop::current()));
        const auto rest = [](stream& to, std::vector<future<>>& all) -> task<> {
            co_await std::move(all[0]);
            co_await std::move(all[2]);
            co_await to.shutdown();
        };
        const auto read = [](stream& from) -> task<std::string> { co_return co_await from.read_all(); };
        auto [nothing, come] = co_await when_all(rest(left, writing), read(right));
        CHECK(come.ends_with("one three "));
    });
}

TEST_CASE("who waits when a stream is closed hears of it") {
    on_a_loop([]() -> task<> {
        auto [left, right] = ends();
        co_await fill(left);
        std::array<char, 4> room{};
        future<std::size_t> reading = launch(read_into(left, room), *loop::current());
        future<> writing = launch(write_all(left, "x"), *loop::current());
        future<> next = launch(write_all(left, "y"), *loop::current());
        co_await sleep(0ms);
        left.close();
        CHECK_FALSE(left.is_open());
        const std::string closed =
            "write to the right side, of which 0 bytes had gone out, "
            "until another task closed it: Operation canceled";
        CHECK(co_await failure_of(std::move(reading)) ==
              "read from the right side, until another task closed it: Operation canceled");
        CHECK(co_await failure_of(std::move(writing)) == closed);
        CHECK(co_await failure_of(std::move(next)) == closed);
        left.close();
        CHECK(co_await failure_of(left.read_some(room)) == "read from the right side: Bad file descriptor");
        CHECK(co_await failure_of(left.shutdown()) ==
              "shut down the connection to the right side: Bad file descriptor");
    });
}

TEST_CASE("the same where the stream is destroyed") {
    on_a_loop([]() -> task<> {
        auto both = std::make_optional(ends());
        std::array<char, 4> room{};
        future<std::size_t> reading = launch(read_into(both->first, room), *loop::current());
        co_await sleep(0ms);
        both.reset();
        CHECK(co_await failure_of(std::move(reading)) ==
              "read from the right side, until another task closed it: Operation canceled");
    });
}

TEST_CASE("a cancellation that comes when the stream has just been closed is for the next wait") {
    on_a_loop([]() -> task<> {
        auto both = std::make_optional(ends());
        const auto read = [](stream& from) -> task<std::string> {
            std::array<char, 4> room{};
            const std::string first = co_await failure_of(from.read_some(room));
            try {
                co_await sleep(0ms);
            } catch (const cancelled&) {
                co_return first + ", then cancelled";
            }
            co_return first;
        };
        future<std::string> reading = launch(read(both->first), *loop::current());
        co_await sleep(0ms);
        both.reset();
        reading.cancel();
        CHECK(co_await std::move(reading) ==
              "read from the right side, until another task closed it: Operation canceled, then cancelled");
    });
}

TEST_CASE("one task reads at a time") {
    on_a_loop([]() -> task<> {
        auto [left, right] = ends();
        std::array<char, 4> room{};
        future<std::size_t> reading = launch(read_into(left, room), *loop::current());
        co_await sleep(0ms);
        CHECK(co_await failure_of(left.read_some(room)) == "pyasync: two tasks read from one stream at a time");
        co_await right.write("a");
        CHECK(co_await std::move(reading) == 1);
    });
}

TEST_CASE("what is behind a frame is there for every way of reading") {
    on_a_loop([]() -> task<> {
        auto [left, right] = ends();
        co_await right.write("line\nabcdefgh\n");
        CHECK(co_await left.read_until("\n") == "line\n");
        std::array<char, 2> room{};
        CHECK(co_await left.read_some(room) == 2);
        CHECK(room == std::array{'a', 'b'});
        CHECK(co_await left.read_exactly(3) == "cde");
        right.close();
        CHECK(co_await left.read_all() == "fgh\n");
    });
}

TEST_CASE("a frame that is too long, or never ends") {
    on_a_loop([]() -> task<> {
        auto [left, right] = ends();
        co_await right.write("a long line\n");
        CHECK(co_await failure_of(left.read_until("\n", 5)) ==
              "read from the right side what is longer than the limit of 5 bytes: Message too long");
        CHECK(co_await left.read_until("\n", 12) == "a long line\n");
        co_await right.write("abc");
        right.close();
        CHECK(co_await failure_of(left.read_exactly(4)) ==
              "read 4 bytes from the right side, of which 3 have come: end of file");
        CHECK_THROWS_AS(co_await left.read_until(""), std::invalid_argument);
    });
}

TEST_CASE("the other side is gone") {
    on_a_loop([]() -> task<> {
        auto [left, right] = ends();
        right.close();
        co_await sleep(0ms);
        CHECK(co_await failure_of(left.write("x")) ==
              "write to the right side, of which 0 bytes had gone out: Broken pipe");
    });
}

TEST_CASE("a stream belongs to its loop") {
    loop home;
    loop other;
    std::optional<std::pair<pipe, pipe>> both;
    run_on(home, [&] { both = ends(); });
    const auto read = [](stream& from) -> task<std::string> {
        std::array<char, 4> room{};
        co_return co_await failure_of(from.read_some(room));
    };
    const std::string elsewhere =
        "pyasync: a stream, a socket and the like are used by tasks of the loop that they were made on";
    CHECK(wait_for(launch(read(both->first), other)) == elsewhere);
    CHECK_THROWS_AS(both->first.close(), misuse);
    SUBCASE("destroyed elsewhere") { both.reset(); }
    SUBCASE("destroyed after the loop has stopped") { home.stop(); }
}

TEST_CASE("who always finds room lets others have their turn") {
    on_a_loop([]() -> task<> {
        auto [one, other] = ends();
        bool had_turn = false;
        const auto others = [](bool& flag) -> task<> {
            flag = true;
            co_return;
        };
        future<> running = launch(others(had_turn), *loop::current());
        for (int i = 0; i < 63; ++i) co_await one.write("x");
        CHECK_FALSE(had_turn);
        co_await one.write("x");
        CHECK(had_turn);
        co_await std::move(running);
    });
}

TEST_CASE("a write without end lets others have their turn, and can be cancelled") {
    on_a_loop([]() -> task<> {
        std::array<int, 2> descriptors{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, descriptors.data()) == 0);
        std::jthread reader([end = descriptors[1]] {
            std::array<char, 65536> room{};
            while (::read(end, room.data(), room.size()) > 0) continue;
        });
        pipe one = pipe::adopt(descriptors[0], "who reads on and on");
        const std::string much(1 << 26, '.');
        const auto write = [](pipe& to, const std::string& bytes) -> task<std::size_t> {
            try {
                co_await to.write(bytes);
            } catch (const write_cancelled& when) {
                co_return when.written;
            }
            co_return bytes.size();
        };
        future<std::size_t> writing = launch(write(one, much), *loop::current());
        co_await sleep(0ms);
        writing.cancel();
        CHECK(co_await std::move(writing) < much.size());
        one.close();
        reader.join();
        ::close(descriptors[1]);
    });
}

TEST_CASE("the loop stops while tasks wait") {
    loop home;
    std::optional<std::pair<pipe, pipe>> both;
    std::array<char, 4> room{};
    std::optional<future<std::size_t>> reading;
    run_on(home, [&] {
        both = ends();
        reading = launch(read_into(both->first, room), home);
    });
    run_on(home, [] {});
    home.stop();
    test::leave_behind(*std::move(reading));
}

TEST_CASE("many parts are one write") {
    on_a_loop([]() -> task<> {
        auto [left, right] = ends();
        const std::vector<const_buffer> parts(100, const_buffer("ab"));
        co_await left.write(std::span(parts));
        co_await left.write("", std::string_view("c"), "");
        co_await left.write("");
        left.close();
        const std::string come = co_await right.read_all();
        CHECK(come.size() == 201);
        CHECK(come.ends_with("abc"));
    });
}

TEST_CASE("a moved stream works, and what is left says that it has moved") {
    on_a_loop([]() -> task<> {
        auto [left, right] = ends();
        pipe moved = std::move(left);
        co_await moved.write("a");
        CHECK(co_await right.read_exactly(1) == "a");
        CHECK_THROWS_AS(static_cast<void>(left.peer()), misuse);
        stream any = std::move(moved);
        co_await any.write("b");
        CHECK(co_await right.read_exactly(1) == "b");
    });
}

}  // namespace
}  // namespace pyasync::uv
