// docs/examples/files.cpp: files, directories and their changes.
// SPDX-License-Identifier: MIT
#include <filesystem>

#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

namespace uv = pyasync::uv;
using std::filesystem::path;

// [file]
pyasync::task<> keep_log(path log) {
    auto file = co_await uv::file::open(log, uv::open_mode::append | uv::open_mode::create);
    co_await file.write("started", "\n");
    co_await file.fsync();
    co_await file.close();
    fmt::print("{}", co_await uv::read_file(log));
}
// [/file]

// [directory]
pyasync::task<std::uint64_t> size_of(path folder) {
    std::uint64_t size = 0;
    auto entries = uv::scandir(folder);
    while (const auto entry = co_await entries.next()) {
        const auto status = co_await uv::lstat(folder / entry->name());
        if (status.is_file()) size += status.size;
    }
    co_return size;
}
// [/directory]

// [names]
pyasync::async_generator<path> names_in(path folder) {
    auto entries = uv::scandir(folder);
    while (const auto entry = co_await entries.next()) co_yield path(entry->name());
}
// [/names]

// [watch]
pyasync::task<> follow(uv::watcher changes) {
    while (const auto change = co_await changes.next()) fmt::print("{} has changed\n", change->name());
    fmt::print("there is no {} any more\n", changes.path().filename().native());
}

pyasync::task<> change_and_remove(path file) {
    auto changes = co_await uv::watch(file);
    co_await uv::unlink(file);
    co_await follow(std::move(changes));
}
// [/watch]

pyasync::task<> run() {
    const path folder = co_await uv::mkdtemp(std::filesystem::temp_directory_path() / "files-");
    co_await keep_log(folder / "app.log");
    fmt::print("{} bytes\n", co_await size_of(folder));
    co_await pyasync::call("example:show", names_in(folder));
    co_await change_and_remove(folder / "app.log");
    co_await uv::rmdir(folder);
}

PYASYNC_MAIN(run)
