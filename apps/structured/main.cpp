// apps/structured/main.cpp: several things at once, of both languages, none of which outlives who has started it.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <array>
#include <ranges>
#include <stdexcept>
#include <system_error>

#include <pyasync/pyasync.hpp>

using namespace std::chrono_literals;

namespace {

auto ask(std::string service, std::chrono::duration<double> time) {
    return pyasync::call<std::string>("services:ask", std::move(service), time);
}

pyasync::task<int> count_to(int last) {
    for (int i = 0; i < last; ++i) co_await pyasync::uv::sleep(1ms);
    co_return last;
}

/// A Python coroutine and a C++ one.
pyasync::task<> all() {
    auto [answer, number] = co_await pyasync::when_all(ask("library", 10ms), count_to(3));
    fmt::print("when_all: {}, and C++ has counted to {}\n", answer, number);
}

pyasync::task<> first() {
    struct mirror {
        const char* name;
        std::chrono::seconds delay;
    };
    const std::array mirrors{mirror{"distant mirror", 1h}, mirror{"near mirror", 0s}};
    const auto ask_mirror = [](const mirror& one) { return ask(one.name, one.delay); };
    auto [place, answer] = co_await pyasync::when_any(mirrors | std::views::transform(ask_mirror));
    fmt::print("when_any: number {} was first with {}\n", place, answer);
}

pyasync::task<> in_time() {
    try {
        co_await pyasync::timeout(50ms, ask("archive", 1h));
    } catch (const pyasync::timed_out& error) {
        fmt::print("timeout: {}\n", error.what());
    }
}

pyasync::task<> turn_to(int page) {
    co_await pyasync::uv::sleep(50ms);
    if (page > 2) throw std::out_of_range(fmt::format("there is no page {}", page));
    fmt::print("    page {} is there\n", page);
}

/// As many as come up; where one fails, the others have no reason to go on.
pyasync::task<> group() {
    try {
        co_await pyasync::with_task_group([](pyasync::task_group& group) -> pyasync::task<> {
            group.spawn(ask("almanac", 1h));
            for (int page = 1; page <= 3; ++page) {
                group.spawn(turn_to(page));
                co_await pyasync::uv::sleep(1ms);
            }
        });
    } catch (const std::out_of_range& error) {
        fmt::print("task_group: {}\n", error.what());
    }
}

pyasync::task<> close() {
    co_await pyasync::uv::sleep(1ms);
    fmt::print("finally: closed\n");
}

/// Fails, whatever happens.
pyasync::task<> connect(const char* place) {
    try {
        co_await pyasync::uv::sleep(1h);
    } catch (const pyasync::cancelled&) {
    }
    throw std::system_error(std::make_error_code(std::errc::connection_refused), place);
}

/// Both fail, and Python sees an ExceptionGroup.
pyasync::task<> both_fail() { co_await pyasync::finally(pyasync::when_all(turn_to(7), connect("harbour")), &close); }

pyasync::task<> run() {
    co_await all();
    co_await first();
    co_await in_time();
    co_await group();
    co_await pyasync::call("services:report", both_fail());
}

}  // namespace

PYASYNC_MAIN(run)
