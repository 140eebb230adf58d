// tests/py/reclaim_test.cpp: references that die without the GIL find their way to a thread that has it.
// SPDX-License-Identifier: MIT
#include <pyasync/py/reclaim.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <optional>
#include <thread>
#include <vector>

#include <pyasync/py/function.hpp>
#include "support/python.hpp"

namespace pyasync::py::detail {
namespace {

std::atomic<int> wakes = 0;

/// Counts the wake-ups for as long as it lives.
class counted_wakes {
public:
    counted_wakes() {
        {
            const gil reclaims_what_is_left;
        }
        wakes = 0;
        on_given_up([]() noexcept { ++wakes; });
    }
    counted_wakes(const counted_wakes&) = delete;
    counted_wakes& operator=(const counted_wakes&) = delete;
    ~counted_wakes() { on_given_up(nullptr); }
};

std::vector<object> some_objects(std::size_t count) {
    const gil held;
    std::vector<object> objects;
    for (std::size_t i = 0; i < count; ++i)
        objects.push_back(held.token().import("builtins").attr("object")().unbind());
    return objects;
}

TEST_CASE("a burst of references that die without the GIL asks for one wake-up") {
    const counted_wakes counting;
    std::vector<object> objects = some_objects(100);
    std::jthread([&objects] { objects.clear(); }).join();
    CHECK(wakes == 1);
    {
        const gil reclaims;
    }
    CHECK(wakes == 1);
    objects = some_objects(3);
    std::jthread([&objects] { objects.clear(); }).join();
    CHECK(wakes == 2);
}

TEST_CASE("a reference that dies under the GIL wakes nobody") {
    const counted_wakes counting;
    std::vector<object> objects = some_objects(3);
    const gil held;
    objects.clear();
    CHECK(wakes == 0);
}

TEST_CASE("without anybody to wake, references wait for the next who takes the GIL") {
    const counted_wakes counting;
    on_given_up(nullptr);
    std::vector<object> objects = some_objects(2);
    std::jthread([&objects] { objects.clear(); }).join();
    CHECK(wakes == 0);
    const gil reclaims;
}

TEST_CASE("the destructor of a reclaimed object may use Python, and give up others") {
    std::atomic<int> deaths = 0;
    object first;
    {
        const gil held;
        const python py = held.token();
        const bound variables = py.import("builtins").attr("dict")();
        variables.call_method("update", kw("died") = function(py, "died", [&deaths] { ++deaths; }));
        py.import("builtins")
            .attr("exec")(
                "class Mortal:\n"
                "    def __init__(self, next): self.next = next\n"
                "    def __del__(self):\n"
                "        import math\n"
                "        died()\n",
                variables);
        first = variables["Mortal"](variables["Mortal"](py.none())).unbind();
    }
    std::jthread([&first] { first.reset(); }).join();
    CHECK(deaths == 0);
    const gil reclaims;
    CHECK(deaths == 2);
}

TEST_CASE("a reference that dies elsewhere while others are reclaimed is not forgotten") {
    const counted_wakes counting;
    std::vector<object> late = some_objects(2);
    object first;
    {
        const gil held;
        const python py = held.token();
        const bound variables = py.import("builtins").attr("dict")();
        // Runs under the GIL, in the middle of reclaiming; the other thread does not need the GIL to give up.
        const auto give_up_elsewhere = [&late] { std::jthread([&late] { late.erase(late.begin()); }).join(); };
        variables.call_method("update", kw("give_up_elsewhere") = function(py, "give_up_elsewhere", give_up_elsewhere));
        py.import("builtins").attr("exec")("class Mortal:\n    def __del__(self): give_up_elsewhere()\n", variables);
        first = variables["Mortal"]().unbind();
    }
    std::jthread([&first] { first.reset(); }).join();
    CHECK(wakes == 1);
    {
        const gil reclaims;
    }
    REQUIRE(late.size() == 1);
    // Either it has been reclaimed by now, or somebody has been told.
    wakes = 0;
    std::jthread([&late] { late.clear(); }).join();
    CHECK(wakes == 1);
    const gil reclaims;
}

TEST_CASE("many threads that let go while others take the GIL: every reference is released") {
    constexpr int threads = 4;
    constexpr std::size_t each = 2'000;
    object target;
    {
        const gil held;
        target = held.token().import("builtins").attr("object")().unbind();
    }
    {
        std::latch together(threads + 1);
        std::vector<std::vector<object>> objects(threads);
        {
            const gil held;
            for (auto& own : objects) {
                for (std::size_t i = 0; i < each; ++i) own.push_back(target.clone(held.token()));
            }
        }
        std::vector<std::jthread> running;
        for (auto& own : objects) {
            running.emplace_back([&together, &own] {
                together.arrive_and_wait();
                own.clear();
            });
        }
        together.arrive_and_wait();
        for (int i = 0; i < 200; ++i) const gil reclaims;
    }
    const gil held;
    CHECK(Py_REFCNT(target.ptr()) == 1);
    target.reset();
}

}  // namespace
}  // namespace pyasync::py::detail
