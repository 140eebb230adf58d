// tests/py/gil_test.cpp: taking the GIL, nested and on many threads; what may not leave with it.
// SPDX-License-Identifier: MIT
#include <pyasync/py/gil.hpp>

#include <doctest/doctest.h>

#include <latch>
#include <map>
#include <thread>

#include <pyasync/core/task.hpp>
#include "support/python.hpp"

namespace pyasync::py {
namespace {

TEST_CASE("the GIL is held for as long as a gil lives") {
    CHECK(PyGILState_Check() == 0);
    {
        const gil held;
        CHECK(PyGILState_Check() == 1);
        CHECK(held.token().import("math").attr("sqrt")(4).to<double>() == 2.0);
    }
    CHECK(PyGILState_Check() == 0);
}

TEST_CASE("a gil may be taken again on a thread that has it") {
    const gil outer;
    {
        const gil inner;
        const gil innermost;
        CHECK(PyGILState_Check() == 1);
    }
    CHECK(PyGILState_Check() == 1);
}

TEST_CASE("any thread may take the GIL, and only one has it") {
    constexpr int threads = 4;
    constexpr int rounds = 500;
    int count = 0;  // not atomic: the GIL protects it
    {
        std::latch together(threads);
        std::vector<std::jthread> running;
        for (int i = 0; i < threads; ++i) {
            running.emplace_back([&together, &count] {
                together.arrive_and_wait();
                for (int round = 0; round < rounds; ++round) {
                    const gil held;
                    ++count;
                }
            });
        }
    }
    CHECK(count == threads * rounds);
}

TEST_CASE("a thread that waits for the GIL gets it when it is given up") {
    std::latch holding(1);
    bool got_it = false;
    std::jthread other;
    {
        const gil held;
        other = std::jthread([&] {
            holding.count_down();
            const gil waited_for;
            got_it = true;
        });
        holding.wait();
        CHECK_FALSE(got_it);
    }
    other.join();
    CHECK(got_it);
}

TEST_CASE("Python threads and ours take turns") {
    // The Python thread computes without a pause until ours has set the flag.
    object flag, thread;
    {
        const gil held;
        const bound variables = held.token().import("builtins").attr("dict")();
        held.token()
            .import("builtins")
            .attr("exec")(
                "import threading\n"
                "flag = []\n"
                "def compute():\n"
                "    while not flag: pass\n"
                "thread = threading.Thread(target=compute)\n"
                "thread.start()\n",
                variables);
        flag = variables["flag"].unbind();
        thread = variables["thread"].unbind();
    }
    std::jthread([&flag] {
        const gil held;
        flag.bind(held.token()).call_method("append", 1);
    }).join();
    const gil held;
    thread.bind(held.token()).call_method("join");
    flag.reset();
    thread.reset();
}

// What may leave a function that holds the GIL is decided by these; tests/compile_fail has the messages.
static_assert(detail::holds_bound<bound>::value);
static_assert(detail::holds_bound<std::optional<bound>>::value);
static_assert(detail::holds_bound<std::vector<std::optional<bound>>>::value);
static_assert(detail::holds_bound<std::tuple<int, std::pair<int, bound>>>::value);
static_assert(detail::holds_bound<std::variant<int, bound>>::value);
static_assert(detail::holds_bound<std::array<bound, 2>>::value);
static_assert(!detail::holds_bound<std::vector<object>>::value);
static_assert(!detail::holds_bound<std::tuple<int, object>>::value);
static_assert(detail::coroutine_type<task<int>> && !detail::coroutine_type<int>);

}  // namespace
}  // namespace pyasync::py
