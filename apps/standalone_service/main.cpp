// apps/standalone_service/main.cpp: an HTTPS service in one file: aiohttp on uvloop, notes in sqlite, C++ at work for it.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <pyasync/pyasync.hpp>

namespace py = pyasync::py;

namespace {

std::size_t words_in(std::string_view text) {
    bool in_word = false;
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [&](unsigned char letter) {
        const bool was_in_word = std::exchange(in_word, std::isspace(letter) == 0);
        return in_word && !was_in_word;
    }));
}

/// What the service asks of C++, on a thread of libuv's pool, so that neither loop waits for it.
pyasync::task<std::size_t> count_words(std::string text) {
    const auto count = [&text] { return words_in(text); };
    co_return co_await pyasync::spawn_blocking(count);
}

/// `standalone_service PORT FILE` serves until it is interrupted, and keeps its notes in that file; without arguments it asks
/// itself once.
pyasync::task<> run(pyasync::arguments line) {
    py::object count = co_await pyasync::on_asyncio(
        [](py::python py) { return py::function(py, "count_words", &count_words).unbind(); });
    if (line.size() == 1) {
        co_await pyasync::call("service:demonstrate", std::move(count));
    } else if (line.size() == 3) {
        co_await pyasync::call("service:serve", std::move(count), std::stoi(line[1]), line[2]);
    } else {
        fmt::print(stderr, "usage: {} [PORT FILE]\n", line[0]);
    }
}

}  // namespace

PYASYNC_MAIN(run, {.event_loop = "uvloop"})
