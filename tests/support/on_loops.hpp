// tests/support/on_loops.hpp: what tests that need both loops share.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <string>
#include <utility>

#include <pyasync/pyasync.hpp>
#include <pyasync/testing.hpp>

namespace tests {

/// The way to run that the environment asks for, where a test has no wish of its own: ctest runs the same tests on
/// several event loops, and with and without spinning.
inline pyasync::options as_the_environment_wishes(pyasync::options how) {
    const char* const event_loop = std::getenv("PYASYNC_TEST_EVENT_LOOP");
    if (event_loop != nullptr && how.event_loop == "asyncio") how.event_loop = event_loop;
    if (const char* const spin = std::getenv("PYASYNC_TEST_SPIN_US"))
        how.spin = std::chrono::microseconds(std::atoi(spin));
    return how;
}

/// Runs `body()`, a coroutine, to its end as an application would: in a case that PYASYNC_TEST_CASE cannot be, since it
/// leaves something behind, or wants a loop of another kind.
template <typename Function>
void on_loops(Function body, const pyasync::options& given = {}) {
    const pyasync::options how = as_the_environment_wishes(given);
    pyasync::with_gil([&](pyasync::py::python py) { pyasync::run(py, body(), how); });
}

/// Is a Python module there? Tests that need one which is not say so and are skipped.
inline bool has_module(const char* name) {
    const bool found = pyasync::with_gil(
        [&](pyasync::py::python py) { return !py.import("importlib.util").attr("find_spec")(name).is_none(); });
    if (!found) MESSAGE("skipped: no Python module " << std::string(name));
    return found;
}

/// What `body` throws as a python_error, or an empty string.
template <typename Awaitable>
pyasync::task<std::string> error_of(Awaitable awaitable) {
    try {
        static_cast<void>(co_await std::move(awaitable));
    } catch (const pyasync::py::python_error& error) {
        co_return error.what();
    }
    co_return "";
}

}  // namespace tests
