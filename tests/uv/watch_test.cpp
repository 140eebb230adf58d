// tests/uv/watch_test.cpp: changes of files and directories; replaced and vanished ones; overflow, cancellation, ends.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/watch.hpp>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <array>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/task_report.hpp>
#include <pyasync/uv/error.hpp>
#include <pyasync/uv/pipe.hpp>
#include <pyasync/uv/sleep.hpp>
#include "support/launch.hpp"
#include "support/run_on.hpp"
#include "support/temporary_folder.hpp"

namespace pyasync::uv {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using test::fill;
using test::launch;
using test::leave_behind;
using test::run_on;
using test::temporary_folder;
using test::wait_for;

std::string in_words(const std::optional<change>& one) {
    if (!one) return "the end";
    if (one->overflown()) return "overflow";
    return one->name() + (one->renamed() ? " renamed" : "") + (one->modified() ? " modified" : "");
}

watcher watching(const fs::path& path, loop& home) { return wait_for(launch(watch(path), home)); }
std::string next_of(watcher& changes, loop& home) { return in_words(wait_for(launch(changes.next(), home))); }

/// libuv has read what the kernel had to say, however much work of ours there was.
void let_libuv_look(loop& home) {
    const auto body = []() -> task<> {
        co_await sleep(1us);
        co_await sleep(1us);
    };
    wait_for(launch(body(), home));
}

TEST_CASE("changes in a directory are told, also those between two next()s") {
    loop home;
    const temporary_folder folder;
    watcher changes = watching(folder.path(), home);
    CHECK(changes.path() == folder.path());
    fill(folder / "one", "text");
    fs::create_directory(folder / "two");
    fs::rename(folder / "one", folder / "three");
    let_libuv_look(home);
    CHECK(next_of(changes, home) == "one renamed modified");
    CHECK(next_of(changes, home) == "two renamed");
    CHECK(next_of(changes, home) == "three renamed");
    fill(folder / "two/inner", "");  // another directory's affair
    fs::remove(folder / "three");
    CHECK(next_of(changes, home) == "three renamed");
}

TEST_CASE("who waits is told of what comes") {
    loop home;
    const temporary_folder folder;
    watcher changes = watching(folder.path(), home);
    const auto body = [&]() -> task<std::string> {
        const auto one = co_await changes.next();
        CHECK(home.is_current());
        co_return in_words(one);
    };
    future<std::string> running = launch(body(), home);
    run_on(home, [] {});
    CHECK_FALSE(running.done());
    fs::create_directory(folder / "a");
    CHECK(wait_for(std::move(running)) == "a renamed");
}

TEST_CASE("a name that changes often is told once, until it is taken") {
    loop home;
    const temporary_folder folder;
    fill(folder / "one", "");
    fill(folder / "two", "");
    watcher changes = watching(folder.path(), home);
    for (int i = 0; i < 100; ++i) {
        fill(folder / "one", std::to_string(i));
        fill(folder / "two", std::to_string(i));
    }
    let_libuv_look(home);
    CHECK(next_of(changes, home) == "one modified");
    fill(folder / "one", "again");
    let_libuv_look(home);
    CHECK(next_of(changes, home) == "two modified");
    CHECK(next_of(changes, home) == "one modified");
}

TEST_CASE("a file's own changes") {
    loop home;
    const temporary_folder folder;
    fill(folder / "text", "");
    watcher changes = watching(folder / "text", home);
    for (int i = 0; i < 3; ++i) {
        fill(folder / "text", std::to_string(i));
        CHECK(next_of(changes, home) == "text modified");
        let_libuv_look(home);  // emptied, and written
        future<std::optional<change>> more = launch(changes.next(), home);
        run_on(home, [] {});
        more.cancel();
        try {
            wait_for(std::move(more));
        } catch (const cancelled&) {
        }
    }
    fs::permissions(folder / "text", fs::perms::owner_read);
    CHECK(next_of(changes, home) == "text modified");
}

TEST_CASE("what takes the place of a file is watched from then on") {
    loop home;
    const temporary_folder folder;
    fill(folder / "config", "old");
    watcher changes = watching(folder / "config", home);
    for (int i = 0; i < 3; ++i) {
        fill(folder / "new", "new");
        fs::rename(folder / "new", folder / "config");
        let_libuv_look(home);
        CHECK(next_of(changes, home).starts_with("config "));
    }
    fill(folder / "config", "newest");
    CHECK(next_of(changes, home) == "config modified");
}

TEST_CASE("what takes the place of a file that somebody has open is watched, too") {
    loop home;
    const temporary_folder folder;
    fill(folder / "config", "old");
    std::ifstream reader(folder / "config");
    watcher changes = watching(folder / "config", home);
    fill(folder / "new", "new");
    fs::rename(folder / "new", folder / "config");
    let_libuv_look(home);
    CHECK(next_of(changes, home) == "config modified");
    fill(folder / "config", "newest");
    CHECK(next_of(changes, home) == "config modified");
}

TEST_CASE("a link that leads elsewhere is followed when the watched file changes") {
    loop home;
    const temporary_folder folder;
    fill(folder / "one", "");
    fill(folder / "two", "");
    fs::create_symlink("one", folder / "link");
    watcher changes = watching(folder / "link", home);
    fs::create_symlink("two", folder / "new");
    fs::rename(folder / "new", folder / "link");
    fs::remove(folder / "one");
    let_libuv_look(home);
    CHECK(next_of(changes, home).starts_with("link "));
    fill(folder / "two", "text");
    CHECK(next_of(changes, home) == "link modified");
}

TEST_CASE("the end comes where there is nothing at the path any more") {
    loop home;
    const temporary_folder folder;
    fs::create_directory(folder / "inner");
    fill(folder / "inner/file", "");
    SUBCASE("a file") {
        watcher changes = watching(folder / "inner/file", home);
        fs::remove(folder / "inner/file");
        let_libuv_look(home);
        CHECK(next_of(changes, home).starts_with("file renamed"));
        CHECK(next_of(changes, home) == "the end");
        fill(folder / "inner/file", "again");
        CHECK(next_of(changes, home) == "the end");
    }
    SUBCASE("a directory, after what has happened in it") {
        watcher changes = watching(folder / "inner", home);
        fs::remove_all(folder / "inner");
        let_libuv_look(home);
        CHECK(next_of(changes, home) == "file renamed");
        CHECK(next_of(changes, home) == "inner renamed");
        CHECK(next_of(changes, home) == "the end");
    }
    SUBCASE("a directory that has another name now") {
        watcher changes = watching(folder / "inner", home);
        fs::rename(folder / "inner", folder / "outer");
        CHECK(next_of(changes, home) == "inner renamed");
        CHECK(next_of(changes, home) == "the end");
    }
    SUBCASE("for who waits") {
        watcher changes = watching(folder / "inner", home);
        const auto body = [&]() -> task<int> {
            int count = 0;
            while (co_await changes.next()) ++count;
            co_return count;
        };
        future<int> running = launch(body(), home);
        run_on(home, [] {});
        fs::remove_all(folder / "inner");
        CHECK(wait_for(std::move(running)) >= 1);
    }
}

TEST_CASE("a directory's entry may have its name") {
    loop home;
    const temporary_folder folder;
    fs::create_directory(folder / "same");
    watcher changes = watching(folder / "same", home);
    fill(folder / "same/same", "");
    CHECK(next_of(changes, home).starts_with("same renamed"));
    fs::create_directory(folder / "same/other");
    let_libuv_look(home);
    std::string said = next_of(changes, home);
    if (said == "same modified") said = next_of(changes, home);
    CHECK(said == "other renamed");
}

TEST_CASE("more changes than are kept give way to one that says so") {
    loop home;
    const temporary_folder folder;
    watcher changes = watching(folder.path(), home);
    for (int i = 0; i < 5000; ++i) fs::create_directory(folder.path() / std::to_string(i));
    let_libuv_look(home);
    CHECK(next_of(changes, home) == "overflow");
    int more = 0;
    fs::create_directory(folder / "last");
    while (next_of(changes, home) != "last renamed") ++more;
    CHECK(more < 1000);
}

TEST_CASE("what cannot be watched") {
    loop home;
    const auto failure_of = [&](const fs::path& path, int code) -> std::string {
        try {
            const watcher changes = watching(path, home);
        } catch (const error& failure) {
            CHECK(failure.code() == std::error_code(code, std::generic_category()));
            return failure.what();
        }
        return "";
    };
    CHECK(failure_of("/nowhere", ENOENT) == "watch \"/nowhere\": No such file or directory");
    CHECK(failure_of("/dev/null/x", ENOTDIR) == "watch \"/dev/null/x\": Not a directory");
    CHECK(failure_of("", ENOENT) == "watch \"\": No such file or directory");
    CHECK_FALSE(failure_of(std::string("/dev\0x", 6), EINVAL).empty());
}

TEST_CASE("a relative path is that of the beginning") {
    loop home;
    const temporary_folder folder;
    fill(folder / "config", "old");
    const fs::path before = fs::current_path();
    fs::current_path(folder.path());
    watcher changes = watching("config", home);
    fs::current_path(before);
    CHECK(changes.path() == "config");
    for (int i = 0; i < 2; ++i) {
        fill(folder / "new", "new");
        fs::rename(folder / "new", folder / "config");
        let_libuv_look(home);
        CHECK(next_of(changes, home).starts_with("config "));
    }
}

TEST_CASE("a wait that is cancelled ends at once and loses nothing") {
    loop home;
    const temporary_folder folder;
    watcher changes = watching(folder.path(), home);
    future<std::optional<change>> running = launch(changes.next(), home);
    run_on(home, [] {});
    running.cancel();
    running.cancel();
    CHECK_THROWS_AS(static_cast<void>(wait_for(std::move(running))), cancelled);
    fs::create_directory(folder / "a");
    CHECK(next_of(changes, home) == "a renamed");

    const auto cancelled_before = [&]() -> task<> {
        pyasync::detail::task_context::current()->cancel();
        co_await changes.next();
    };
    fs::create_directory(folder / "b");
    let_libuv_look(home);
    CHECK_THROWS_AS(wait_for(launch(cancelled_before(), home)), cancelled);
    CHECK(next_of(changes, home) == "b renamed");
}

TEST_CASE("a cancellation that meets the change is thrown by the next wait") {
    loop home;
    const temporary_folder folder;
    watcher changes = watching(folder.path(), home);
    std::string got;
    const auto body = [&]() -> task<> {
        got = in_words(co_await changes.next());
        co_await sleep(1h);
    };
    future<> running = launch(body(), home);
    run_on(home, [] {});
    fs::create_directory(folder / "a");
    run_on(home, [&] {
        // As the loop does itself; whom that wakes, waits until we have returned.
        uv_run(home.raw(), UV_RUN_NOWAIT);
        running.cancel();
    });
    CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
    CHECK(got == "a renamed");
}

TEST_CASE("one next() at a time, and on the watcher's loop") {
    loop home;
    const temporary_folder folder;
    watcher changes = watching(folder.path(), home);
    future<std::optional<change>> first = launch(changes.next(), home);
    run_on(home, [] {});
    CHECK_THROWS_AS(static_cast<void>(wait_for(launch(changes.next(), home))), std::logic_error);
    first.cancel();
    CHECK_THROWS_AS(static_cast<void>(wait_for(std::move(first))), cancelled);
    {
        loop other;
        CHECK_THROWS_AS(static_cast<void>(wait_for(launch(changes.next(), other))), std::logic_error);
    }
    fs::create_directory(folder / "a");
    CHECK(next_of(changes, home) == "a renamed");
}

TEST_CASE("who has been told, and has not gone on yet, waits still") {
    loop home;
    const temporary_folder folder;
    watcher changes = watching(folder.path(), home);
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    std::optional<pipe> starter;
    run_on(home, [&] { starter = pipe::adopt(ends[0], "the test"); });
    const auto second = [&]() -> task<std::optional<change>> {
        std::array<char, 1> room{};
        static_cast<void>(co_await starter->read_some(room));
        co_return co_await changes.next();
    };
    future<std::optional<change>> first = launch(changes.next(), home);
    future<std::optional<change>> late = launch(second(), home);
    run_on(home, [] {});
    run_on(home, [&] {
        fs::create_directory(folder / "a");
        REQUIRE(::write(ends[1], "x", 1) == 1);
        // In one turn of libuv's: the first one is told, and the second one begins.
        uv_run(home.raw(), UV_RUN_NOWAIT);
    });
    CHECK_THROWS_AS(static_cast<void>(wait_for(std::move(late))), std::logic_error);
    CHECK(in_words(wait_for(std::move(first))) == "a renamed");
    ::close(ends[1]);
}

TEST_CASE("a watcher that has been moved away says so") {
    loop home;
    const temporary_folder folder;
    watcher changes = watching(folder.path(), home);
    const watcher other = std::move(changes);
    // NOLINTBEGIN(bugprone-use-after-move): that is what is tested
    CHECK_THROWS_WITH_AS(static_cast<void>(changes.path()), "pyasync: this watcher has been moved away", misuse);
    CHECK_THROWS_AS(static_cast<void>(changes.next()), misuse);
    // NOLINTEND(bugprone-use-after-move)
    CHECK(other.path() == folder.path());
}

TEST_CASE("several watch the same directory") {
    loop home;
    const temporary_folder folder;
    watcher one = watching(folder.path(), home);
    {
        watcher other = watching(folder.path(), home);
        fs::create_directory(folder / "a");
        CHECK(next_of(other, home) == "a renamed");
    }
    CHECK(next_of(one, home) == "a renamed");
    fs::create_directory(folder / "b");
    CHECK(next_of(one, home) == "b renamed");
}

TEST_CASE("a watcher may go while it is waited for, and on any thread") {
    loop home;
    const temporary_folder folder;
    std::optional<watcher> changes = watching(folder.path(), home);
    future<std::optional<change>> running = launch(changes->next(), home);
    run_on(home, [] {});
    changes.reset();
    fs::create_directory(folder / "a");
    CHECK(in_words(wait_for(std::move(running))) == "a renamed");
}

TEST_CASE("a loop that is stopped ends with watchers open") {
    const temporary_folder folder;
    loop home;
    std::optional<watcher> idle = watching(folder.path(), home);
    watcher waited_for = watching(folder.path(), home);
    future<std::optional<change>> running = launch(waited_for.next(), home);
    run_on(home, [] {});
    fs::create_directory(folder / "a");
    home.stop();
    idle.reset();
    leave_behind(std::move(running));
}

TEST_CASE("a report says what is watched") {
    loop home;
    const temporary_folder folder;
    watcher changes = watching(folder.path(), home);
    future<std::optional<change>> running = launch(changes.next(), home);
    run_on(home, [] {});
    run_on(home, [&] {
        pyasync::detail::task_report report;
        home.running().first()->describe(report);
        CHECK(report.waits_for == "uv::watch \"" + folder.path().native() + "\"");
    });
    running.cancel();
    CHECK_THROWS_AS(static_cast<void>(wait_for(std::move(running))), cancelled);
}

}  // namespace
}  // namespace pyasync::uv
