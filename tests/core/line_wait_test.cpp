// tests/core/line_wait_test.cpp: tasks in a line: when they give way, and where they are away from home.
// SPDX-License-Identifier: MIT
#include <pyasync/core/line_wait.hpp>

#include <doctest/doctest.h>

#include <new>
#include <source_location>

#include <pyasync/core/ref.hpp>
#include "support/launch.hpp"

namespace pyasync {
namespace {

using test::launch;
using test::manual_executor;
using test::outcome_of;

/// Something that is there, or is not, or cannot be had.
struct thing {
    std::mutex lock;
    detail::waiting_line line;
    bool there = false;
    bool fails = false;
    int asked = 0;

    void give() {
        detail::serving now(lock);
        now.serve_first(line);
    }

    class awaiter final : public detail::line_wait {
    public:
        awaiter(thing& what, detail::task_context& context, const std::source_location& where) noexcept
            : line_wait(what.lock, what.line, context, where), thing_(what) {}
        void await_resume() { conclude(); }

    private:
        bool take(detail::serving&) override {
            if (++thing_.asked == 2 && thing_.fails) throw std::bad_alloc();
            return thing_.there;
        }
        void describe(detail::task_report&) const override {}
        thing& thing_;
    };
    [[nodiscard]] awaiter awaiter_in(detail::task_context& context, const std::source_location& where) noexcept {
        return {*this, context, where};
    }
};

task<> take(thing& what, int times = 1) {
    for (int i = 0; i < times; ++i) co_await what;
}

TEST_CASE("what is there is taken at once, and now and then the loop's other work has its turn") {
    manual_executor home;
    thing what;
    what.there = true;
    future<> running = launch(take(what, 1000), home);
    std::size_t turns = 0;
    while (home.run_one()) ++turns;
    CHECK(turns >= 1000 / 64);
    CHECK(turns <= 1000 / 64 + 2);
    outcome_of(std::move(running));
}

TEST_CASE("who always finds something can be cancelled") {
    manual_executor home;
    thing what;
    what.there = true;
    future<> running = launch(take(what, 1'000'000'000), home);
    for (int i = 0; i < 10; ++i) home.run_one();
    running.cancel();
    home.run_all();
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("a task that is away from home joins when it is there") {
    manual_executor home;
    thing what;
    const auto root = detail::root<void>::launch_here(
        take(what), home, []() -> detail::locals_ref { return {}; }, std::source_location::current());
    CHECK_FALSE(root->done());
    CHECK(what.line.empty());
    SUBCASE("and waits there") {
        root->go_home();
        home.run_all();
        REQUIRE_FALSE(what.line.empty());
        what.give();
    }
    SUBCASE("and finds then what was not there before") {
        what.there = true;
        root->go_home();
    }
    home.run_all();
    CHECK(root->done());
    CHECK_FALSE(root->outcome.failed());
}

TEST_CASE("away from home it does not go there only to give way") {
    manual_executor home;
    thing what;
    what.there = true;
    const auto root = detail::root<void>::launch_here(
        take(what, 1000), home, []() -> detail::locals_ref { return {}; }, std::source_location::current());
    CHECK(root->done());
}

TEST_CASE("one that is given up before it has come home was never in the line") {
    manual_executor home;
    thing what;
    const auto root = detail::root<void>::launch_here(
        take(what), home, []() -> detail::locals_ref { return {}; }, std::source_location::current());
    root->give_up(std::make_exception_ptr(cancelled()));
    CHECK(root->done());
    CHECK(what.line.empty());
}

TEST_CASE("what joining throws is thrown by the wait") {
    manual_executor home;
    thing what;
    what.fails = true;
    CHECK_THROWS_AS(test::run(home, take(what)), std::bad_alloc);
    CHECK(what.line.empty());
}

TEST_CASE("a cancellation before the wait is thrown without taking anything") {
    manual_executor home;
    thing what;
    what.there = true;
    const auto body = [&]() -> task<> {
        detail::task_context::current()->cancel();
        co_await what;
    };
    CHECK_THROWS_AS(test::run(home, body()), cancelled);
    CHECK(what.asked == 0);
}

}  // namespace
}  // namespace pyasync
