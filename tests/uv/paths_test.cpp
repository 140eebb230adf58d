// tests/uv/paths_test.cpp: files and directories by their paths.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/paths.hpp>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include <pyasync/uv/error.hpp>
#include "support/launch.hpp"
#include "support/occupied_pool.hpp"
#include "support/run_on.hpp"
#include "support/temporary_folder.hpp"

namespace pyasync::uv {
namespace {

namespace fs = std::filesystem;
using test::contents_of;
using test::fill;
using test::launch;
using test::occupied_pool;
using test::run_on;
using test::temporary_folder;
using test::wait_for;

template <typename T>
T outcome(task<T> body, loop& home) {
    return wait_for(launch(std::move(body), home));
}

template <typename T>
std::string failure_of(task<T> body, loop& home, int code) {
    try {
        static_cast<void>(outcome(std::move(body), home));
    } catch (const error& failure) {
        CHECK(failure.code() == std::error_code(code, std::generic_category()));
        return failure.what();
    }
    return "";
}

TEST_CASE("stat tells what the system knows") {
    loop home;
    const temporary_folder folder;
    fill(folder / "text", "12345");
    fs::create_symlink("text", folder / "link");
    ::chmod((folder / "text").c_str(), 04751);

    struct stat expected{};
    REQUIRE(::stat((folder / "text").c_str(), &expected) == 0);
    const file_status status = outcome(stat(folder / "link"), home);
    CHECK(status.is_file());
    CHECK_FALSE(status.is_directory());
    CHECK(status.permissions == 04751);
    CHECK(status.size == 5);
    CHECK(status.inode == expected.st_ino);
    CHECK(status.device == expected.st_dev);
    CHECK(status.links == 1);
    CHECK(status.owner == expected.st_uid);
    CHECK(status.group == expected.st_gid);
    const auto modified = status.modified.time_since_epoch();
    CHECK(modified ==
          std::chrono::seconds(expected.st_mtim.tv_sec) + std::chrono::nanoseconds(expected.st_mtim.tv_nsec));
    const auto changed = status.changed.time_since_epoch();
    CHECK(changed ==
          std::chrono::seconds(expected.st_ctim.tv_sec) + std::chrono::nanoseconds(expected.st_ctim.tv_nsec));

    const file_status link = outcome(lstat(folder / "link"), home);
    CHECK(link.is_symlink());
    CHECK(link.inode != status.inode);
    CHECK(outcome(stat(folder.path()), home).is_directory());
    CHECK(outcome(stat("/dev/null"), home).type == file_type::character_device);
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(outcome(stat(folder / "pipe"), home).type == file_type::fifo);

    CHECK(failure_of(stat("/nowhere/x"), home, ENOENT) == "stat \"/nowhere/x\": No such file or directory");
    CHECK(failure_of(lstat("/nowhere/x"), home, ENOENT) == "lstat \"/nowhere/x\": No such file or directory");
    fs::create_symlink("loop", folder / "loop");
    CHECK_FALSE(failure_of(stat(folder / "loop"), home, ELOOP).empty());
}

TEST_CASE("names are given and taken") {
    loop home;
    const temporary_folder folder;
    fill(folder / "one", "1");
    fill(folder / "two", "2");
    outcome(uv::rename(folder / "one", folder / "two"), home);
    CHECK(contents_of(folder / "two") == "1");
    CHECK_FALSE(fs::exists(folder / "one"));
    CHECK(failure_of(uv::rename(folder / "one", folder / "two"), home, ENOENT) ==
          "rename \"" + (folder / "one").native() + "\" to \"" + (folder / "two").native() +
              "\": No such file or directory");
    outcome(unlink(folder / "two"), home);
    CHECK_FALSE(fs::exists(folder / "two"));
    CHECK(failure_of(unlink(folder / "two"), home, ENOENT).starts_with("unlink \""));
    CHECK_FALSE(failure_of(unlink(folder.path()), home, EISDIR).empty());
    const fs::path with_zero = std::string("/tmp/a\0b", 8);
    CHECK_FALSE(failure_of(uv::rename("/nowhere", with_zero), home, EINVAL).empty());
}

TEST_CASE("directories are made and removed") {
    loop home;
    const temporary_folder folder;
    outcome(mkdir(folder / "a", 0750), home);
    CHECK(outcome(stat(folder / "a"), home).permissions == 0750);
    CHECK(failure_of(mkdir(folder / "a"), home, EEXIST).starts_with("mkdir \""));
    CHECK_FALSE(failure_of(mkdir(folder / "b/c"), home, ENOENT).empty());
    fill(folder / "a/file", "");
    CHECK(failure_of(rmdir(folder / "a"), home, ENOTEMPTY).starts_with("rmdir \""));
    CHECK_FALSE(failure_of(rmdir(folder / "a/file"), home, ENOTDIR).empty());
    fs::remove(folder / "a/file");
    outcome(rmdir(folder / "a"), home);
    CHECK_FALSE(fs::exists(folder / "a"));
}

TEST_CASE("directories are made with those above them") {
    loop home;
    const temporary_folder folder;
    outcome(mkdirs(folder / "a/b/c/d"), home);
    CHECK(fs::is_directory(folder / "a/b/c/d"));
    outcome(mkdirs(folder / "a/b/c/d"), home);
    outcome(mkdirs(folder / "a/b/e/"), home);
    CHECK(fs::is_directory(folder / "a/b/e"));
    outcome(mkdirs("/"), home);
    fill(folder / "file", "");
    CHECK(failure_of(mkdirs(folder / "file"), home, EEXIST) ==
          "mkdir \"" + (folder / "file").native() + "\": File exists");
    CHECK_FALSE(failure_of(mkdirs(folder / "file/a/b"), home, ENOTDIR).empty());
    CHECK_FALSE(failure_of(mkdirs(""), home, ENOENT).empty());
    fs::create_symlink("nowhere", folder / "dangling");
    CHECK_FALSE(failure_of(mkdirs(folder / "dangling/a"), home, ENOENT).empty());
}

TEST_CASE("files are copied") {
    loop home;
    const temporary_folder folder;
    fill(folder / "one", "contents");
    ::chmod((folder / "one").c_str(), 0640);
    outcome(uv::copy_file(folder / "one", folder / "two"), home);
    CHECK(contents_of(folder / "two") == "contents");
    CHECK(outcome(stat(folder / "two"), home).permissions == 0640);
    fill(folder / "one", "new");
    CHECK(failure_of(uv::copy_file(folder / "one", folder / "two", if_exists::fail), home, EEXIST)
              .starts_with("copy_file \""));
    outcome(uv::copy_file(folder / "one", folder / "two"), home);
    CHECK(contents_of(folder / "two") == "new");
    CHECK_FALSE(failure_of(uv::copy_file(folder / "none", folder / "three"), home, ENOENT).empty());
    CHECK_FALSE(fs::exists(folder / "three"));
}

std::ptrdiff_t entries_of(const temporary_folder& folder) {
    return std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator());
}

TEST_CASE("a copy that fails leaves what was there") {
    loop home;
    const temporary_folder folder;
    fill(folder / "precious", "old");
    fill(folder / "large", std::string(100'000, 'x'));
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    const rlimit small{10'000, before.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    CHECK_FALSE(failure_of(uv::copy_file(folder / "large", folder / "precious"), home, EFBIG).empty());
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    std::signal(SIGXFSZ, handler);
    CHECK(contents_of(folder / "precious") == "old");
    CHECK(entries_of(folder) == 2);
}

TEST_CASE("a copy replaces what a link leads to, and files only") {
    loop home;
    const temporary_folder folder;
    fill(folder / "old", "old");
    fill(folder / "new", "new");
    fs::create_symlink("old", folder / "link");
    CHECK(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
    outcome(uv::copy_file(folder / "new", folder / "link"), home);
    CHECK(fs::is_symlink(folder / "link"));
    CHECK(contents_of(folder / "old") == "new");
    const std::string why = failure_of(uv::copy_file(folder / "new", folder / "fifo"), home, EINVAL);
    CHECK_MESSAGE(why.ends_with("\", which is no regular file: Invalid argument"), why);
    CHECK(fs::is_fifo(folder / "fifo"));
    CHECK_FALSE(failure_of(uv::copy_file(folder / "new", folder.path()), home, EISDIR).empty());
    CHECK(entries_of(folder) == 4);
}

TEST_CASE("permissions are changed") {
    loop home;
    const temporary_folder folder;
    fill(folder / "text", "");
    outcome(chmod(folder / "text", 0604), home);
    CHECK(outcome(stat(folder / "text"), home).permissions == 0604);
    CHECK(failure_of(chmod(folder / "none", 0600), home, ENOENT).starts_with("chmod \""));
}

TEST_CASE("symbolic links are made, read and followed") {
    loop home;
    const temporary_folder folder;
    fill(folder / "text", "");
    outcome(symlink("text", folder / "link"), home);
    CHECK(outcome(readlink(folder / "link"), home) == "text");
    CHECK(outcome(realpath(folder / "./link"), home) == fs::canonical(folder / "text"));
    CHECK(failure_of(symlink("text", folder / "link"), home, EEXIST).starts_with("symlink \""));
    CHECK(failure_of(readlink(folder / "text"), home, EINVAL).starts_with("readlink \""));
    CHECK(failure_of(realpath(folder / "none"), home, ENOENT).starts_with("realpath \""));
}

TEST_CASE("temporary names are new") {
    loop home;
    const temporary_folder folder;
    const fs::path one = outcome(mkdtemp(folder / "dir-"), home);
    const fs::path other = outcome(mkdtemp(folder / "dir-"), home);
    CHECK(one != other);
    CHECK(one.native().starts_with((folder / "dir-").native()));
    CHECK(one.native().size() == (folder / "dir-").native().size() + 6);
    CHECK(outcome(stat(one), home).permissions == 0700);
    CHECK(failure_of(mkdtemp("/nowhere/x"), home, ENOENT) == "mkdtemp \"/nowhere/xXXXXXX\": No such file or directory");

    const auto body = [&]() -> task<> {
        file made = co_await mkstemp(folder / "file-");
        CHECK(made.path().native().starts_with((folder / "file-").native()));
        CHECK(fs::exists(made.path()));
        co_await made.write("text");
        CHECK(contents_of(made.path()) == "text");
        const file_status status = co_await made.stat();
        CHECK(status.permissions == 0600);
    };
    outcome(body(), home);
    CHECK(failure_of(mkstemp("/nowhere/x"), home, ENOENT) == "mkstemp \"/nowhere/xXXXXXX\": No such file or directory");
}

TEST_CASE("what the pool has not begun can be cancelled, and leaves everything as it was") {
    loop home;
    const temporary_folder folder;
    fill(folder / "text", "");
    fs::create_symlink("text", folder / "link");
    occupied_pool busy(home);
    const auto check_cancelled = [&]<typename T>(task<T> body) {
        future<T> running = launch(std::move(body), home);
        run_on(home, [] {});
        CHECK_FALSE(running.done());
        running.cancel();
        CHECK_THROWS_AS(static_cast<void>(wait_for(std::move(running))), cancelled);
    };
    check_cancelled(stat(folder / "text"));
    check_cancelled(lstat(folder / "text"));
    check_cancelled(uv::rename(folder / "text", folder / "other"));
    check_cancelled(unlink(folder / "text"));
    check_cancelled(mkdir(folder / "a"));
    check_cancelled(mkdirs(folder / "a/b"));
    check_cancelled(rmdir(folder.path()));
    check_cancelled(uv::copy_file(folder / "text", folder / "copy"));
    check_cancelled(chmod(folder / "text", 0));
    check_cancelled(realpath(folder / "link"));
    check_cancelled(readlink(folder / "link"));
    check_cancelled(symlink("x", folder / "another"));
    check_cancelled(mkdtemp(folder / "t"));
    check_cancelled(mkstemp(folder / "t"));
    busy.let_go();
    CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 2);
}

}  // namespace
}  // namespace pyasync::uv
