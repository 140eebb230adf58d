// tests/uv/file_test.cpp: files opened, read, written and closed on libuv's pool; failures, cancellations, ends.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/file.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <pyasync/core/task_report.hpp>
#include <pyasync/uv/error.hpp>
#include <pyasync/uv/sleep.hpp>
#include "support/launch.hpp"
#include "support/occupied_pool.hpp"
#include "support/run_on.hpp"
#include "support/temporary_folder.hpp"

namespace pyasync::uv {
namespace {

using namespace std::chrono_literals;
using test::blocking;
using test::contents_of;
using test::fill;
using test::launch;
using test::leave_behind;
using test::occupied_pool;
using test::run_on;
using test::temporary_folder;
using test::wait_for;
using test::wait_until_pool_has_begun;

constexpr auto replace = open_mode::write | open_mode::create | open_mode::truncate;

bool is_a_descriptor(int number) { return ::fcntl(number, F_GETFD) != -1; }

/// The loop, and with it the pool, has done all that it had been given.
void settle(loop& home) {
    occupied_pool all_threads(home);  // so what was begun before has ended
    all_threads.let_go();
    run_on(home, [] {});
}

int number_of_descriptors() {
    int count = 0;
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
        static_cast<void>(each);
        ++count;
    }
    return count;
}

/// What `body` fails with, or an empty string.
template <typename T>
std::string failure_of(task<T> body, loop& home, int code) {
    try {
        static_cast<void>(wait_for(launch(std::move(body), home)));
    } catch (const error& failure) {
        CHECK(failure.code() == std::error_code(code, std::generic_category()));
        return failure.what();
    }
    return "";
}

/// A limit of this process, until it goes.
class limit {
public:
    limit(__rlimit_resource which, rlim_t now) : which_(which) {
        ::getrlimit(which, &before_);
        const rlimit less{.rlim_cur = now, .rlim_max = before_.rlim_max};
        ::setrlimit(which, &less);
    }
    limit(const limit&) = delete;
    limit& operator=(const limit&) = delete;
    ~limit() { ::setrlimit(which_, &before_); }

private:
    __rlimit_resource which_;
    rlimit before_{};
};

TEST_CASE("what is written is read again, from one place after another") {
    loop home;
    const temporary_folder folder;
    const auto body = [&]() -> task<> {
        file written = co_await file::open(folder / "text", replace, 0640);
        CHECK(written.is_open());
        CHECK(written.path() == folder / "text");
        co_await written.write("one ");
        const std::vector<char> end(1, '4');
        co_await written.write("two ", std::string("three "), end);
        co_await written.close();
        CHECK_FALSE(written.is_open());
        CHECK(written.descriptor() == -1);

        file source = co_await file::open(folder / "text");
        std::array<char, 5> room{};
        std::string all;
        while (const std::size_t size = co_await source.read(room)) all.append(room.data(), size);
        CHECK(all == "one two three 4");
        CHECK(home.is_current());
    };
    wait_for(launch(body(), home));
    struct stat status{};
    REQUIRE(::stat((folder / "text").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0640);
}

template <typename T>
task<int> status_of(task<T> tried) {
    try {
        static_cast<void>(co_await std::move(tried));
    } catch (const error& failed) {
        co_return failed.status();
    }
    co_return 0;
}

TEST_CASE("reads and writes at an offset leave the current position alone") {
    loop home;
    const temporary_folder folder;
    const auto body = [&]() -> task<> {
        file both = co_await file::open(folder / "text", replace | open_mode::read);
        co_await both.write("0123456789");
        co_await both.write_at(2, "ab", "c");
        std::array<char, 4> room{};
        CHECK(co_await both.read_at(1, room) == 4);
        CHECK(std::string_view(room.data(), 4) == "1abc");
        CHECK(co_await both.read_at(8, room) == 2);
        CHECK(co_await both.read_at(10, room) == 0);
        CHECK(co_await both.read_at(1, std::span<char>()) == 0);
        co_await both.write("!");
        for (const std::uint64_t far : {~std::uint64_t{0}, std::uint64_t{1} << 63}) {
            CHECK(co_await status_of(both.read_at(far, room)) == -EINVAL);
            CHECK(co_await status_of(both.write_at(far, "x")) == -EINVAL);
        }
        co_await both.write("?");
    };
    wait_for(launch(body(), home));
    CHECK(contents_of(folder / "text") == "01abc56789!?");
}

TEST_CASE("nothing to write is written at once") {
    loop home;
    const temporary_folder folder;
    const auto body = [&]() -> task<> {
        file target = co_await file::open(folder / "text", replace);
        co_await target.write("");
        co_await target.write("", "a", std::string(), "b", "");
    };
    wait_for(launch(body(), home));
    CHECK(contents_of(folder / "text") == "ab");
}

TEST_CASE("how a file is opened") {
    loop home;
    const temporary_folder folder;
    const std::filesystem::path path = folder / "text";
    fill(path, "old");
    const auto write_new = [&](open_mode mode) -> task<> {
        file target = co_await file::open(path, mode);
        co_await target.write("NEW!");
    };
    SUBCASE("to write, over what is there") {
        wait_for(launch(write_new(open_mode::write), home));
        CHECK(contents_of(path) == "NEW!");
    }
    SUBCASE("to append") {
        wait_for(launch(write_new(open_mode::append), home));
        CHECK(contents_of(path) == "oldNEW!");
    }
    SUBCASE("to replace") {
        fill(path, "a long text");
        wait_for(launch(write_new(open_mode::truncate), home));
        CHECK(contents_of(path) == "NEW!");
    }
    SUBCASE("only where it is not there") {
        const std::string said = failure_of(write_new(open_mode::write | open_mode::exclusive), home, EEXIST);
        CHECK(said == "open \"" + path.native() + "\": File exists");
        CHECK(contents_of(path) == "old");
    }
    SUBCASE("to read only") {
        CHECK(failure_of(write_new(open_mode::read), home, EBADF) ==
              "write \"" + path.native() + "\": Bad file descriptor");
    }
    SUBCASE("to read and to write") {
        const auto body = [&]() -> task<std::string> {
            file both = co_await file::open(path, open_mode::read | open_mode::append);
            co_await both.write("er");
            std::string room(10, '\0');
            room.resize(co_await both.read_at(0, room));
            co_return room;
        };
        CHECK(wait_for(launch(body(), home)) == "older");
    }
}

TEST_CASE("errors say what was tried, and with what") {
    loop home;
    const temporary_folder folder;
    const auto open = [](std::filesystem::path path, open_mode mode = open_mode::read) -> task<> {
        co_await file::open(std::move(path), mode);
    };
    CHECK(failure_of(open("/nowhere/x"), home, ENOENT) == "open \"/nowhere/x\": No such file or directory");
    CHECK(failure_of(open(folder.path(), open_mode::write), home, EISDIR) ==
          "open \"" + folder.path().native() + "\": Is a directory");
    fill(folder / "file", "");
    CHECK_FALSE(failure_of(open(folder / "file/x"), home, ENOTDIR).empty());
    CHECK_FALSE(failure_of(open(std::string("/dev/null\0x", 11)), home, EINVAL).empty());
    CHECK_FALSE(failure_of(open(""), home, ENOENT).empty());

    const auto read_directory = [&]() -> task<> {
        file directory = co_await file::open(folder.path());
        std::array<char, 4> room{};
        co_await directory.read(room);
    };
    CHECK(failure_of(read_directory(), home, EISDIR) == "read \"" + folder.path().native() + "\": Is a directory");

    const auto full = [](bool with_offset) -> task<> {
        file disk = co_await file::open("/dev/full", open_mode::write);
        if (with_offset) {
            co_await disk.write_at(7, "text");
        } else {
            co_await disk.write("text");
        }
    };
    CHECK(failure_of(full(false), home, ENOSPC) == "write \"/dev/full\": No space left on device");
    CHECK(failure_of(full(true), home, ENOSPC) == "write \"/dev/full\": No space left on device");
}

TEST_CASE("what may not be opened") {
    loop home;
    const temporary_folder folder;
    fill(folder / "secret", "");
    ::chmod((folder / "secret").c_str(), 0);
    ::chmod(folder.path().c_str(), 0755);
    const bool root = ::geteuid() == 0;
    constexpr uid_t nobody = 65534;
    if (root) REQUIRE(::seteuid(nobody) == 0);
    const auto body = [&]() -> task<> { co_await file::open(folder / "secret"); };
    CHECK_FALSE(failure_of(body(), home, EACCES).empty());
    if (root) REQUIRE(::seteuid(0) == 0);
}

TEST_CASE("descriptors that have run out are an error, and nothing else") {
    loop home;
    settle(home);  // the pool has its threads
    const auto body = []() -> task<> { co_await file::open("/dev/null"); };
    {
        const limit none_left(RLIMIT_NOFILE, 3);
        CHECK(failure_of(body(), home, EMFILE) == "open \"/dev/null\": Too many open files");
    }
    wait_for(launch(body(), home));
}

TEST_CASE("a write that cannot be completed says how much has been written") {
    loop home;
    const temporary_folder folder;
    const std::string text(10'000, 'x');
    const auto body = [&]() -> task<> {
        file target = co_await file::open(folder / "text", replace);
        co_await target.write(std::string_view(text).substr(0, 3000), std::string_view(text).substr(3000));
    };
    const auto default_action = std::signal(SIGXFSZ, SIG_IGN);
    {
        const limit small(RLIMIT_FSIZE, 4096);
        CHECK(failure_of(body(), home, EFBIG) ==
              "write \"" + (folder / "text").native() + "\" (after 4096 bytes): File too large");
    }
    std::signal(SIGXFSZ, default_action);
    CHECK(contents_of(folder / "text") == text.substr(0, 4096));
}

TEST_CASE("what is larger than one request is written and read in several") {
    loop home;
    const temporary_folder folder;
    std::string text(9'000'001, '\0');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 / 7);
    const auto body = [&]() -> task<> {
        std::vector<const_buffer> parts;
        file target = co_await file::open(folder / "text", replace | open_mode::read);
        const std::string_view all = text;
        co_await target.write(all.substr(0, 5'000'000), "", all.substr(5'000'000));
        co_await target.write_at(3, all.substr(3, 8'000'000));
        std::string again(text.size(), ' ');
        std::size_t size = 0;
        while (const std::size_t more = co_await target.read_at(size, std::span(again).subspan(size))) size += more;
        CHECK(size == text.size());
        CHECK((again == text));
    };
    wait_for(launch(body(), home));
    CHECK((wait_for(launch(read_file(folder / "text"), home)) == text));
    CHECK((contents_of(folder / "text") == text));
}

TEST_CASE("whole files are read and written") {
    loop home;
    const temporary_folder folder;
    const std::filesystem::path path = folder / "text";
    for (const std::size_t size : {0UL, 1UL, 65535UL, 65536UL, 65537UL, 5UL << 20}) {
        const std::string text(size, 'y');
        wait_for(launch(write_file(path, text), home));
        CHECK(std::filesystem::file_size(path) == size);
        CHECK((wait_for(launch(read_file(path), home)) == text));
    }
    wait_for(launch(write_file(path, "short", 0600), home));
    CHECK(contents_of(path) == "short");
    CHECK(failure_of(read_file(folder / "none"), home, ENOENT).starts_with("open \""));
    CHECK(failure_of(read_file(folder.path()), home, EISDIR).starts_with("read \""));
    CHECK(failure_of(write_file("/dev/full", "text"), home, ENOSPC) == "write \"/dev/full\": No space left on device");
}

TEST_CASE("files that do not tell their size are read to their end") {
    loop home;
    CHECK(wait_for(launch(read_file("/proc/self/status"), home)).find("Threads:") != std::string::npos);
    CHECK(wait_for(launch(read_file("/dev/null"), home)).empty());
}

TEST_CASE("read_all gives what is left") {
    loop home;
    const temporary_folder folder;
    fill(folder / "text", "0123456789");
    const auto body = [&]() -> task<> {
        file source = co_await file::open(folder / "text");
        std::array<char, 4> room{};
        co_await source.read(room);
        CHECK(co_await source.read_all() == "456789");
        CHECK(co_await source.read_all() == "");
    };
    wait_for(launch(body(), home));
}

TEST_CASE("status, size and the way to the disk") {
    loop home;
    const temporary_folder folder;
    const auto body = [&]() -> task<> {
        file target = co_await file::open(folder / "text", replace, 0600);
        co_await target.write("0123456789");
        co_await target.fdatasync();
        file_status status = co_await target.stat();
        CHECK(status.is_file());
        CHECK(status.size == 10);
        CHECK(status.permissions == 0600);
        CHECK(status.owner == ::geteuid());
        CHECK(status.links == 1);
        const auto age = std::chrono::system_clock::now() - status.modified;
        CHECK(age > -1min);
        CHECK(age < 1h);
        co_await target.truncate(4);
        co_await target.fsync();
        status = co_await target.stat();
        CHECK(status.size == 4);
        co_await target.truncate(6);
    };
    wait_for(launch(body(), home));
    CHECK(contents_of(folder / "text") == std::string("0123\0\0", 6));

    const auto truncate = []() -> task<> {
        file unwritable = co_await file::open("/dev/null");
        co_await unwritable.truncate(0);
    };
    CHECK(failure_of(truncate(), home, EINVAL) == "truncate \"/dev/null\": Invalid argument");
    const auto sync = [](bool all) -> task<> {
        file no_disk = co_await file::open("/proc/self/status");
        if (all) {
            co_await no_disk.fsync();
        } else {
            co_await no_disk.fdatasync();
        }
    };
    CHECK(failure_of(sync(true), home, EINVAL) == "fsync \"/proc/self/status\": Invalid argument");
    CHECK(failure_of(sync(false), home, EINVAL) == "fdatasync \"/proc/self/status\": Invalid argument");
}

TEST_CASE("what is not open fails") {
    loop home;
    const auto read = [](file& closed) -> task<> {
        std::array<char, 4> room{};
        co_await closed.read(room);
    };
    file none;
    CHECK_FALSE(none.is_open());
    CHECK(none.descriptor() == -1);
    CHECK(none.path().empty());
    CHECK(failure_of(read(none), home, EBADF) == "read: Bad file descriptor");
    CHECK(failure_of(none.write("a"), home, EBADF) == "write: Bad file descriptor");
    CHECK(failure_of(none.stat(), home, EBADF) == "stat: Bad file descriptor");
    CHECK(failure_of(none.read_all(), home, EBADF) == "read: Bad file descriptor");
    wait_for(launch(none.close(), home));

    file closed = wait_for(launch(file::open("/dev/null"), home));
    wait_for(launch(closed.close(), home));
    wait_for(launch(closed.close(), home));
    CHECK(failure_of(read(closed), home, EBADF) == "read \"/dev/null\": Bad file descriptor");
}

TEST_CASE("a file is not closed under those who use it") {
    loop home;
    file used = wait_for(launch(file::open("/dev/null", open_mode::write), home));
    task<> reader = used.write("a");
    CHECK_THROWS_AS(wait_for(launch(used.close(), home)), std::logic_error);
    wait_for(launch(std::move(reader), home));
    wait_for(launch(used.close(), home));
}

TEST_CASE("a file that just goes is closed") {
    loop home;
    int number = -1;
    SUBCASE("on a loop's thread, by the pool") {
        occupied_pool pool(home);
        pool.let_go();
        std::optional<file> held = wait_for(launch(file::open("/dev/null"), home));
        number = held->descriptor();
        occupied_pool busy(home);
        run_on(home, [&] { held.reset(); });
        CHECK(is_a_descriptor(number));  // the loop's thread has not done it
        busy.let_go();
        settle(home);
    }
    SUBCASE("elsewhere, at once") {
        file held = wait_for(launch(file::open("/dev/null"), home));
        number = held.descriptor();
        CHECK(is_a_descriptor(number));
        held = file();
    }
    SUBCASE("when a task that has it ends") {
        const auto body = [&]() -> task<> {
            const file held = co_await file::open("/dev/null");
            number = held.descriptor();
        };
        wait_for(launch(body(), home));
        settle(home);
    }
    SUBCASE("with the result that nobody takes") {
        const int before = number_of_descriptors();
        launch(file::open("/dev/null"), home).detach();
        run_on(home, [] {});
        settle(home);
        settle(home);
        CHECK(number_of_descriptors() == before);
        return;
    }
    CHECK(number > 0);
    CHECK_FALSE(is_a_descriptor(number));
}

TEST_CASE("a file moves, and closes what it had") {
    loop home;
    file one = wait_for(launch(file::open("/dev/null"), home));
    file other = wait_for(launch(file::open("/dev/zero"), home));
    const int first = one.descriptor();
    const int second = other.descriptor();
    one = std::move(other);
    CHECK_FALSE(is_a_descriptor(first));
    CHECK(one.descriptor() == second);
    const file third = std::move(one);
    CHECK(third.path() == "/dev/zero");
    CHECK(is_a_descriptor(second));
}

TEST_CASE("an operation keeps the file that it is about") {
    loop home;
    std::array<char, 4> room{1, 1, 1, 1};
    task<std::size_t> reading = [&] {
        file source = wait_for(launch(file::open("/dev/zero"), home));
        return source.read(room);
    }();
    CHECK(wait_for(launch(std::move(reading), home)) == 4);
    CHECK(room == std::array<char, 4>{});
}

TEST_CASE("several operations on a file run at a time") {
    loop home;
    const temporary_folder folder;
    fill(folder / "text", "0123456789");
    file source = wait_for(launch(file::open(folder / "text"), home));
    std::array<std::array<char, 1>, 10> rooms{};
    std::vector<future<std::size_t>> running;
    for (std::size_t i = 0; i < rooms.size(); ++i) running.push_back(launch(source.read_at(i, rooms.at(i)), home));
    for (future<std::size_t>& each : running) CHECK(wait_for(std::move(each)) == 1);
    for (std::size_t i = 0; i < rooms.size(); ++i) CHECK(rooms.at(i)[0] == static_cast<char>('0' + i));
}

TEST_CASE("a cancellation before an operation is thrown instead of it") {
    loop home;
    const temporary_folder folder;
    const auto body = [&]() -> task<> {
        pyasync::detail::task_context::current()->cancel();
        co_await file::open(folder / "text", replace);
    };
    CHECK_THROWS_AS(wait_for(launch(body(), home)), cancelled);
    CHECK_FALSE(std::filesystem::exists(folder / "text"));
}

TEST_CASE("what the pool has not begun never begins") {
    loop home;
    const temporary_folder folder;
    SUBCASE("an open") {
        occupied_pool busy(home);
        future<file> running = launch(file::open(folder / "text", replace), home);
        run_on(home, [] {});
        running.cancel();
        running.cancel();
        CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
        busy.let_go();
        settle(home);
        CHECK_FALSE(std::filesystem::exists(folder / "text"));
    }
    SUBCASE("a write") {
        file target = wait_for(launch(file::open(folder / "text", replace), home));
        occupied_pool busy(home);
        future<> running = launch(target.write("text"), home);
        run_on(home, [] {});
        running.cancel();
        CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
        busy.let_go();
        settle(home);
        CHECK(contents_of(folder / "text").empty());
    }
    SUBCASE("one whose future is dropped") {
        occupied_pool busy(home);
        {
            const future<file> dropped = launch(file::open(folder / "text", replace), home);
            run_on(home, [] {});
        }
        run_on(home, [] {});
        busy.let_go();
        settle(home);
        CHECK_FALSE(std::filesystem::exists(folder / "text"));
    }
    SUBCASE("a close, after which the file is as open as before") {
        file target = wait_for(launch(file::open(folder / "text", replace), home));
        const int number = target.descriptor();
        occupied_pool busy(home);
        future<> running = launch(target.close(), home);
        run_on(home, [] {});
        running.cancel();
        CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
        CHECK(target.descriptor() == number);
        busy.let_go();
        wait_for(launch(target.write("text"), home));
    }
}

/// A pipe with a name: to read from it lasts until somebody writes.
class named_pipe {
public:
    named_pipe() {
        REQUIRE(::mkfifo((folder_ / "pipe").c_str(), 0600) == 0);
        end_ = ::open((folder_ / "pipe").c_str(), O_RDWR | O_CLOEXEC);
    }
    named_pipe(const named_pipe&) = delete;
    named_pipe& operator=(const named_pipe&) = delete;
    ~named_pipe() { ::close(end_); }

    [[nodiscard]] std::filesystem::path path() const { return folder_ / "pipe"; }
    void say(std::string_view text) const { CHECK(::write(end_, text.data(), text.size()) == ssize_t(text.size())); }

private:
    temporary_folder folder_;
    int end_ = -1;
};

TEST_CASE("what the pool has begun is waited for and has its result; the next wait is cancelled") {
    loop home;
    const named_pipe pipe;
    std::string got;
    file source = wait_for(launch(file::open(pipe.path()), home));
    const auto body = [&]() -> task<> {
        std::array<char, 10> room{};
        got.assign(room.data(), co_await source.read(room));
        co_await sleep(1h);
    };
    future<> running = launch(body(), home);
    run_on(home, [] {});
    wait_until_pool_has_begun(home);
    running.cancel();
    running.cancel();
    run_on(home, [] {});
    CHECK_FALSE(running.done());
    pipe.say("hello");
    CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
    CHECK(got == "hello");
}

TEST_CASE("an open that ends after its cancellation gives the file, and no descriptor is lost") {
    loop home;
    const temporary_folder folder;
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    settle(home);
    const int before = number_of_descriptors();
    int number = -1;
    const auto body = [&]() -> task<> {
        const file opened = co_await file::open(folder / "pipe");  // lasts until somebody opens it to write
        number = opened.descriptor();
        co_await sleep(1h);
    };
    future<> running = launch(body(), home);
    run_on(home, [] {});
    wait_until_pool_has_begun(home);
    running.cancel();
    run_on(home, [] {});
    CHECK_FALSE(running.done());
    int writer = -1;
    while (writer < 0) writer = ::open((folder / "pipe").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
    ::close(writer);
    CHECK(number >= 0);
    settle(home);
    CHECK(number_of_descriptors() == before);
}

TEST_CASE("an error of what has begun is told in spite of the cancellation, which is thrown next") {
    loop home;
    const temporary_folder folder;
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    std::string said;
    const auto body = [&]() -> task<> {
        file both = co_await file::open(folder / "pipe");
        try {
            co_await both.truncate(0);
        } catch (const error& failure) {
            said = failure.what();
        }
        co_await sleep(1h);
    };
    future<> running = launch(body(), home);
    run_on(home, [] {});
    wait_until_pool_has_begun(home);
    running.cancel();  // noticed by the open, thrown by truncate's wait
    run_on(home, [] {});
    int writer = -1;
    while (writer < 0) writer = ::open((folder / "pipe").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
    ::close(writer);
    CHECK(said.empty());
}

TEST_CASE("a write that is cancelled half way says how far it has come") {
    loop home;
    const named_pipe pipe;
    std::size_t written = 0;
    const std::string text(64 << 20, 'x');  // far more than a pipe takes, and than one request
    file target = wait_for(launch(file::open(pipe.path(), open_mode::write), home));
    const auto body = [&]() -> task<> {
        try {
            co_await target.write(text);
        } catch (const write_cancelled& interrupted) {
            written = interrupted.written;
            throw;
        }
    };
    future<> running = launch(body(), home);
    run_on(home, [] {});
    wait_until_pool_has_begun(home);
    running.cancel();
    run_on(home, [] {});
    CHECK_FALSE(running.done());
    std::size_t come = 0;
    std::jthread reader([&] {
        std::vector<char> room(1 << 20);
        const int end = ::open(pipe.path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        while (!running.done() || come < written) {
            const auto size = ::read(end, room.data(), room.size());
            if (size > 0) come += static_cast<std::size_t>(size);
        }
        ::close(end);
    });
    reader.join();
    CHECK_THROWS_AS(wait_for(std::move(running)), write_cancelled);
    CHECK(written > 0);
    CHECK(written < text.size());
    CHECK(come == written);
}

TEST_CASE("a cancelled task that is cleaning up can close its file") {
    loop home;
    const temporary_folder folder;
    int number = -1;
    const auto body = [&]() -> task<> {
        file target = co_await file::open(folder / "text", replace);
        number = target.descriptor();
        try {
            co_await sleep(1h);
        } catch (const cancelled&) {
        }
        co_await target.close();
        CHECK_FALSE(is_a_descriptor(number));
    };
    future<> running = launch(body(), home);
    while (!std::filesystem::exists(folder / "text")) std::this_thread::yield();
    settle(home);
    running.cancel();
    wait_for(std::move(running));
    CHECK(number >= 0);
}

TEST_CASE("a loop that is stopped waits for what the pool is at") {
    const temporary_folder folder;
    const auto body = [&]() -> task<> {
        for (;;) co_await write_file(folder / "text", "text");
    };
    loop home;
    future<> running = launch(body(), home);
    run_on(home, [] {});  // there is always a request under way from now on
    home.stop();
    CHECK(std::filesystem::exists(folder / "text"));
    CHECK_FALSE(running.done());
    leave_behind(std::move(running));
}

TEST_CASE("a task that begins on another thread goes home for its request") {
    loop home;
    const auto body = [&]() -> task<bool> {
        const file opened = co_await file::open("/dev/null");
        co_return home.is_current();
    };
    const auto no_locals = []() -> pyasync::detail::locals_ref { return {}; };
    auto begun = pyasync::detail::root<bool>::launch_here(body(), home, no_locals, std::source_location::current());
    CHECK_FALSE(begun->done());
    begun->go_home();
    CHECK(wait_for(future<bool>(std::move(begun))));
}

TEST_CASE("a report says what is waited for") {
    loop home;
    occupied_pool busy(home);
    future<file> running = launch(file::open("/dev/null"), home);
    pyasync::detail::task_report report;
    run_on(home, [] {});
    run_on(home, [&] {
        for (const auto* each = home.running().first(); each != nullptr; each = each->next()) {
            pyasync::detail::task_report one;
            each->describe(one);
            if (one.waits) report = one;
        }
    });
    CHECK(report.waits_for == "uv::open \"/dev/null\"");
    CHECK(report.places.empty());  // no place of ours: the task is the library's own
    busy.let_go();
    wait_for(std::move(running));
}

}  // namespace
}  // namespace pyasync::uv
