// tests/uv/scandir_test.cpp: directories as streams.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/scandir.hpp>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cerrno>
#include <map>
#include <optional>
#include <set>
#include <string>

#include <pyasync/uv/error.hpp>
#include "support/launch.hpp"
#include "support/occupied_pool.hpp"
#include "support/run_on.hpp"
#include "support/temporary_folder.hpp"

namespace pyasync::uv {
namespace {

namespace fs = std::filesystem;
using test::fill;
using test::launch;
using test::occupied_pool;
using test::run_on;
using test::temporary_folder;
using test::wait_for;

std::size_t open_directories(const fs::path& path) {
    std::size_t count = 0;
    for (const auto& each : fs::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        if (fs::read_symlink(each.path(), gone) == path) ++count;
    }
    return count;
}

void settle(loop& home) {
    occupied_pool all_threads(home);
    all_threads.let_go();
    run_on(home, [] {});
}

task<std::map<std::string, file_type>> all_of(fs::path path) {
    std::map<std::string, file_type> found;
    auto entries = scandir(std::move(path));
    while (const auto entry = co_await entries.next()) found.emplace(entry->name(), entry->type());
    co_return found;
}

TEST_CASE("the entries of a directory, with their types") {
    loop home;
    const temporary_folder folder;
    CHECK(wait_for(launch(all_of(folder.path()), home)).empty());
    fill(folder / "file", "");
    fs::create_directory(folder / "directory");
    fs::create_symlink("file", folder / "link");
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    const std::map<std::string, file_type> expected{{"file", file_type::regular},
                                                    {"directory", file_type::directory},
                                                    {"link", file_type::symlink},
                                                    {"pipe", file_type::fifo}};
    CHECK((wait_for(launch(all_of(folder.path()), home)) == expected));
    settle(home);
    CHECK(open_directories(folder.path()) == 0);
    CHECK(wait_for(launch(all_of("/dev"), home)).at("null") == file_type::character_device);
}

TEST_CASE("many entries come in several batches, each once") {
    loop home;
    const temporary_folder folder;
    constexpr int count = 1000;
    for (int i = 0; i < count; ++i) fill(folder.path() / std::to_string(i), "");
    const auto body = [&]() -> task<> {
        std::set<std::string> names;
        int given = 0;
        auto entries = scandir(folder.path());
        while (const auto entry = co_await entries.next()) {
            CHECK(entry->is_file());
            names.insert(entry->name());
            ++given;
        }
        CHECK(names.size() == count);
        CHECK(given == count);
    };
    wait_for(launch(body(), home));
}

TEST_CASE("what cannot be scanned") {
    loop home;
    const temporary_folder folder;
    fill(folder / "file", "");
    const auto failure_of = [&](fs::path path, int code) -> std::string {
        try {
            wait_for(launch(all_of(std::move(path)), home));
        } catch (const error& failure) {
            CHECK(failure.code() == std::error_code(code, std::generic_category()));
            return failure.what();
        }
        return "";
    };
    CHECK(failure_of("/nowhere", ENOENT) == "scandir \"/nowhere\": No such file or directory");
    CHECK(failure_of(folder / "file", ENOTDIR) == "scandir \"" + (folder / "file").native() + "\": Not a directory");
}

TEST_CASE("a directory that is left early is closed") {
    loop home;
    const temporary_folder folder;
    fill(folder / "one", "");
    fill(folder / "two", "");
    SUBCASE("with the generator, by the pool") {
        const auto body = [&]() -> task<> {
            auto entries = scandir(folder.path());
            CHECK(co_await entries.next());
            CHECK(open_directories(folder.path()) == 1);
        };
        wait_for(launch(body(), home));
    }
    SUBCASE("by close") {
        const auto body = [&]() -> task<> {
            auto entries = scandir(folder.path());
            CHECK(co_await entries.next());
            co_await entries.close();
        };
        wait_for(launch(body(), home));
    }
    SUBCASE("on another thread, at once") {
        std::optional<async_generator<directory_entry>> entries;
        const auto body = [&]() -> task<> {
            entries = scandir(folder.path());
            CHECK(co_await entries->next());
        };
        wait_for(launch(body(), home));
        CHECK(open_directories(folder.path()) == 1);
        entries.reset();
        CHECK(open_directories(folder.path()) == 0);
    }
    settle(home);
    CHECK(open_directories(folder.path()) == 0);
}

TEST_CASE("a scan that the pool has not begun can be cancelled") {
    loop home;
    const temporary_folder folder;
    fill(folder / "one", "");
    occupied_pool busy(home);
    future<std::map<std::string, file_type>> running = launch(all_of(folder.path()), home);
    run_on(home, [] {});
    running.cancel();
    CHECK_THROWS_AS(static_cast<void>(wait_for(std::move(running))), cancelled);
    busy.let_go();
    settle(home);
    CHECK(open_directories(folder.path()) == 0);
}

TEST_CASE("a cancellation between two batches ends the scan and closes the directory") {
    loop home;
    const temporary_folder folder;
    for (int i = 0; i < 600; ++i) fill(folder.path() / std::to_string(i), "");
    int given = 0;
    const auto body = [&]() -> task<> {
        auto entries = scandir(folder.path());
        while (co_await entries.next()) {
            if (++given == 1) pyasync::detail::task_context::current()->cancel();
        }
    };
    CHECK_THROWS_AS(wait_for(launch(body(), home)), cancelled);
    CHECK(given < 600);
    settle(home);
    CHECK(open_directories(folder.path()) == 0);
}

}  // namespace
}  // namespace pyasync::uv
