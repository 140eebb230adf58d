// tests/bridge/lasting_call_test.cpp: what a coroutine refers to lives as long as it runs.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/lasting_call.hpp>

#include <stdexcept>
#include <string>

#include <pyasync/bridge/async_generator_function.hpp>
#include <pyasync/bridge/coroutine_function.hpp>
#include "support/counted.hpp"
#include "support/on_loops.hpp"

using pyasync::call;
using pyasync::on_asyncio;
using pyasync::task;
using tests::on_loops;
using namespace std::chrono_literals;
namespace py = pyasync::py;

namespace {

/// Longer than what a std::string keeps in itself.
const std::string long_text(1000, 'x');

task<std::size_t> length_after_a_while(const std::string& text) {
    co_await pyasync::uv::sleep(1ms);
    co_return text.size();
}

pyasync::async_generator<std::size_t> lengths(const std::string& text, int times) {
    for (int i = 0; i < times; ++i) {
        co_await pyasync::uv::sleep(0ms);
        co_yield text.size();
    }
}

task<> fails_with(const std::string& message) {
    co_await pyasync::uv::sleep(0ms);
    throw std::invalid_argument(message);
}

}  // namespace

static_assert(!pyasync::detail::refers_to_call<task<int> (*)(int), int>);
static_assert(pyasync::detail::refers_to_call<task<int> (*)(const int&), const int&>);

PYASYNC_TEST_CASE("arguments by reference live until the coroutine has ended") {
    for (const bool inline_start : {false, true}) {
        const auto make = [](py::python p, bool how) {
            return pyasync::coroutine_function(p, "f", &length_after_a_while, {.inline_start = how}).unbind();
        };
        const py::object function = co_await on_asyncio(make, inline_start);
        CHECK(co_await call<std::size_t>("bridge_examples:await_it", std::cref(function), long_text) == 1000);
    }
}

PYASYNC_TEST_CASE("and until the generator has ended") {
    const py::object function =
        co_await on_asyncio([](py::python p) { return pyasync::async_generator_function(p, "f", &lengths).unbind(); });
    const auto items =
        co_await call<std::vector<std::size_t>>("stream_examples:items_of", std::cref(function), long_text, 100);
    CHECK(items == std::vector<std::size_t>(100, 1000));
}

TEST_CASE("captures live as long as the coroutine, also where Python has let go of the function") {
    const pyasync::test::census all;
    on_loops([]() -> task<> {
        py::object function = co_await on_asyncio([](py::python p) {
            const auto with_captures = [kept = pyasync::test::counted(4)]() -> task<int> {
                co_await pyasync::uv::sleep(1ms);
                co_return kept.number();
            };
            return pyasync::coroutine_function(p, "f", with_captures).unbind();
        });
        CHECK(co_await call<int>("bridge_examples:call_and_forget", std::move(function)) == 4);
    });
    CHECK(pyasync::test::census::alive() == 0);
}

PYASYNC_TEST_CASE("no frame of the framework's own shows in a traceback") {
    const py::object function =
        co_await on_asyncio([](py::python p) { return pyasync::coroutine_function(p, "f", &fails_with).unbind(); });
    const std::string error = co_await tests::error_of(call("bridge_examples:await_it", std::cref(function), "broken"));
    CHECK(error.find("ValueError: broken") != std::string::npos);
    CHECK(error.find("run_keeping") == std::string::npos);
    CHECK(error.find("lasting_call.hpp") == std::string::npos);
}
