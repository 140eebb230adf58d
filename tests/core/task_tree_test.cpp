// tests/core/task_tree_test.cpp: the text that shows who waits for whom.
// SPDX-License-Identifier: MIT
#include <pyasync/core/task_tree.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace pyasync::detail {
namespace {

/// Things to be known by.
int addresses[8];

task_node node(std::string name, int known_as, const std::vector<int>& awaits = {}) {
    task_node made;
    made.name = std::move(name);
    made.known_as.push_back({&addresses[known_as]});
    for (const int each : awaits) made.awaits.push_back({{&addresses[each]}, "something"});
    return made;
}

TEST_CASE("nothing is no text") { CHECK(tree_of({}).empty()); }

TEST_CASE("a task is one line, and what else is known of it stands below") {
    task_node task = node("C++ task f", 0);
    CHECK(tree_of({task}) == "* C++ task f\n");
    task.home = "libuv 0";
    CHECK(tree_of({task}) == "* C++ task f [libuv 0]\n");
    task.state = "waits for a promise";
    task.places = {"a.cpp:3 in f"};
    CHECK(tree_of({task}) == "* C++ task f [libuv 0] waits for a promise, at a.cpp:3 in f\n");
    task.places = {"a.cpp:1 in h", "a.cpp:2 in g", "a.cpp:3 in f"};
    task.places_left_out = 7;
    task.started = "b.cpp:4 in main";
    CHECK(tree_of({task}) ==
          "* C++ task f [libuv 0] waits for a promise, at a.cpp:1 in h\n"
          "    awaited at a.cpp:2 in g\n"
          "    awaited at a.cpp:3 in f\n"
          "    awaited at 7 places more\n"
          "    started at b.cpp:4 in main\n");
}

TEST_CASE("what is waited for stands below who waits, in his order, and not where it was started") {
    task_node inner = node("inner", 2);
    inner.places = {"a.cpp:1 in h", "a.cpp:2 in g"};
    inner.started = "b.cpp:4 in main";
    CHECK(tree_of({node("other", 1), inner, node("outer", 0, {2, 1}), node("alone", 3)}) ==
          "* outer\n"
          "  * inner, at a.cpp:1 in h\n"
          "      awaited at a.cpp:2 in g\n"
          "  * other\n"
          "* alone\n");
}

TEST_CASE("a task may be known by several names, as each side knows it") {
    task_node both = node("both", 1);
    both.known_as.push_back({&addresses[2], 7});
    task_node waiter = node("waiter", 0, {1});
    task_node other = node("other", 3);
    other.awaits.push_back({{&addresses[2], 7}, "something"});
    task_node wrong = node("wrong", 4);
    wrong.awaits.push_back({{&addresses[2], 8}, "one at another line"});
    CHECK(tree_of({waiter, both, other, wrong}) ==
          "* waiter\n"
          "  * both\n"
          "* other\n"
          "  * both: see above\n"
          "* wrong\n"
          "  * one at another line\n");
}

TEST_CASE("what is not known is what the waiting one calls it, or no line") {
    task_node waiter = node("waiter", 0, {1});
    waiter.awaits.push_back({{&addresses[2]}, ""});
    CHECK(tree_of({waiter}) == "* waiter\n  * something\n");
}

TEST_CASE("those that wait for each other are shown, and the circle is") {
    CHECK(tree_of({node("alone", 3), node("first", 0, {1}), node("second", 1, {0}), node("self", 2, {2})}) ==
          "* alone\n"
          "* self\n"
          "  * self: see above, they wait for each other\n"
          "* first\n"
          "  * second\n"
          "    * first: see above, they wait for each other\n");
}

TEST_CASE("a tree a hundred thousand deep takes neither stack nor a line's length for each level") {
    constexpr std::size_t depth = 100'000;
    std::vector<char> known(depth);
    std::vector<task_node> tasks;
    for (std::size_t i = 0; i < depth; ++i) {
        task_node each;
        each.name = "task";
        each.known_as.push_back({&known[i]});
        if (i + 1 < depth) each.awaits.push_back({{&known[i + 1]}, ""});
        tasks.push_back(std::move(each));
    }
    const std::string text = tree_of(tasks);
    CHECK(static_cast<std::size_t>(std::ranges::count(text, '\n')) == depth);
    CHECK(text.size() < depth * 120);
    CHECK(text.ends_with("* (99999) task\n"));
}

}  // namespace
}  // namespace pyasync::detail
