// apps/filewatch/main.cpp: what changes in a directory, streamed from libuv into a Python async for.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <utility>

#include <pyasync/pyasync.hpp>

namespace uv = pyasync::uv;
using std::filesystem::path;

namespace {

/// Names, and what has become of them: an async iterator to Python. It ends where what is watched does. A name is a path
/// to Python, since it may be no UTF-8, which a string has to be.
pyasync::async_generator<std::pair<path, std::string>> told_in_words(uv::watcher changes) {
    while (const auto change = co_await changes.next()) {
        if (change->overflown()) {
            co_yield std::pair(changes.path(), std::string("has more changes than can be told"));
        } else {
            co_yield std::pair(path(change->name()),
                               std::string(change->renamed() ? "has come or gone" : "has changed"));
        }
    }
}

/// Does something in `folder`, and waits each time until Python has told of it.
pyasync::task<> work_in(path folder, path elsewhere) {
    const auto draft = elsewhere / "notes.txt";
    co_await uv::write_file(draft, "first line\n");
    co_await uv::rename(draft, folder / "notes.txt");
    co_await pyasync::call("report:until_told");

    auto notes = co_await uv::file::open(folder / "notes.txt", uv::open_mode::append);
    co_await notes.write("second line\n");
    co_await notes.close();
    co_await pyasync::call("report:until_told");

    auto entries = uv::scandir(folder);
    while (const auto entry = co_await entries.next()) {
        const std::string text = co_await uv::read_file(folder / entry->name());
        fmt::print("C++ sees {}, {} bytes\n", entry->name(), text.size());
    }

    co_await uv::unlink(folder / "notes.txt");
    co_await pyasync::call("report:until_told");
    co_await uv::rmdir(folder);
}

pyasync::task<> demonstrate() {
    const path place = co_await uv::mkdtemp(std::filesystem::temp_directory_path() / "filewatch-");
    const path folder = place / "watched";
    co_await uv::mkdir(folder);
    auto changes = co_await uv::watch(folder);  // from here on, nothing is missed
    co_await pyasync::when_all(pyasync::call("report:tell", told_in_words(std::move(changes))), work_in(folder, place));
    co_await uv::rmdir(place);
}

pyasync::task<int> run(pyasync::arguments command_line) {
    if (command_line.size() < 2) {
        co_await demonstrate();
        co_return 0;
    }
    try {  // until Ctrl-C
        auto changes = co_await uv::watch(command_line[1]);
        co_await pyasync::call("report:tell", told_in_words(std::move(changes)));
    } catch (const uv::error& error) {
        fmt::print(stderr, "filewatch: {}\n", error.what());
        co_return 1;
    }
    co_return 0;
}

}  // namespace

PYASYNC_MAIN(run)
