// tests/core/task_group_test.cpp: tasks that come up during a body, and the end of all of them.
// SPDX-License-Identifier: MIT
#include <pyasync/core/task_group.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <pyasync/core/exception_group.hpp>
#include <pyasync/core/misuse.hpp>
#include "support/children.hpp"
#include "support/counted.hpp"
#include "support/launch.hpp"
#include "support/manual_operation.hpp"

namespace pyasync {
namespace {

using test::census;
using test::counted;
using test::error;
using test::fail_when_cancelled;
using test::launch;
using test::manual_executor;
using test::manual_operation;
using test::outcome_of;
using test::run;
using test::wait_for;

task<> fail_with(const char* message) {
    throw std::runtime_error(message);
    co_return;
}

TEST_CASE("a group ends when its body and all of its tasks have ended, with the body's value") {
    manual_executor executor;
    manual_operation<> first, second;
    bool body_ended = false;
    const auto body = [&]() -> task<int> {
        co_return co_await with_task_group([&](task_group& group) -> task<int> {
            group.spawn(wait_for(first));
            group.spawn(second);
            body_ended = true;
            co_return 4;
        });
    };
    future<int> running = launch(body(), executor);
    executor.run_all();
    CHECK(body_ended);
    second.end_with();
    executor.run_all();
    CHECK_FALSE(running.done());
    first.end_with();
    executor.run_all();
    CHECK(outcome_of(std::move(running)) == 4);
}

TEST_CASE("a group without tasks is its body") {
    manual_executor executor;
    const auto body = []() -> task<std::unique_ptr<int>> {
        co_return co_await with_task_group(
            [](task_group&) -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(2); });
    };
    CHECK(*run(executor, body()) == 2);
}

TEST_CASE("tasks of the group add to it, also when the body has ended") {
    manual_executor executor;
    manual_operation<> operation;
    std::vector<std::string> done;
    const auto grandchild = [&]() -> task<> {
        co_await operation;
        done.emplace_back("grandchild");
    };
    const auto child = [&](task_group& group) -> task<> {
        group.spawn(grandchild());
        done.emplace_back("child");
        co_return;
    };
    const auto body = [&]() -> task<> {
        co_await with_task_group([&](task_group& group) -> task<> {
            group.spawn(child(group));
            done.emplace_back("body");
            co_return;
        });
        done.emplace_back("group");
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    operation.end_with();
    executor.run_all();
    CHECK(done == std::vector<std::string>{"body", "child", "grandchild", "group"});
    outcome_of(std::move(running));
}

TEST_CASE("the body works on the locals of the awaiting task, its tasks on copies") {
    struct family_locals final : detail::task_locals_base {
        void root_started() noexcept override {}
        void root_finished() noexcept override {}
        [[nodiscard]] detail::locals_ref for_child() override { return detail::make_ref<family_locals>(); }
    };
    manual_executor executor;
    const auto locals = detail::make_ref<family_locals>();
    const auto has_the_same = [&] { return detail::task_context::current()->locals().get() == locals.get(); };
    const auto child = [&]() -> task<> {
        CHECK_FALSE(has_the_same());
        co_return;
    };
    const auto body = [&]() -> task<> {
        co_await with_task_group([&](task_group& group) -> task<> {
            CHECK(has_the_same());
            group.spawn(child());
            co_return;
        });
    };
    future<> running = launch(body(), executor, locals);
    executor.run_all();
    outcome_of(std::move(running));
}

TEST_CASE("tasks that have ended are gone, with what they held, while the group goes on") {
    const census all;
    manual_executor executor;
    manual_operation<> operation;
    const auto child = [](counted value) -> task<counted> { co_return value; };
    const auto body = [&]() -> task<> {
        co_await with_task_group([&](task_group& group) -> task<> {
            for (int i = 0; i < 3; ++i) group.spawn(child(counted(i)));
            co_await operation;
        });
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    REQUIRE(operation.awaited());
    CHECK(counted::made > 0);
    CHECK(census::alive() == 0);
    operation.end_with();
    executor.run_all();
    outcome_of(std::move(running));
}

TEST_CASE("what the body has captured is good until the group has ended") {
    const census all;
    manual_executor executor;
    manual_operation<> operation;
    const auto child = [&](const counted& value) -> task<int> {
        co_await operation;
        co_return value.number();
    };
    int seen = 0;
    const auto body = [&]() -> task<> {
        const auto with_capture = [&, value = counted(9)](task_group& group) -> task<> {
            group.spawn(child(value));
            seen = value.number();
            co_return;
        };
        co_await with_task_group(with_capture);
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    operation.end_with();
    executor.run_all();
    outcome_of(std::move(running));
    CHECK(seen == 9);
}

TEST_CASE("a task that fails cancels the body and the others, and is thrown when they have unwound") {
    const census all;
    manual_executor executor;
    manual_operation<> in_body, first, second, cleanup;
    const auto cleaning_up = [&](counted) -> task<> {
        try {
            co_await first;
        } catch (const cancelled&) {
        }
        co_await cleanup;
    };
    const auto body = [&]() -> task<> {
        co_await with_task_group([&](task_group& group) -> task<> {
            group.spawn(cleaning_up(counted(1)));
            group.spawn(wait_for(second));
            co_await in_body;
        });
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    second.fail(error("a task's"));
    executor.run_all();
    CHECK(in_body.cancellations() == 1);
    CHECK(first.cancellations() == 1);
    CHECK_FALSE(running.done());
    cleanup.end_with();
    executor.run_all();
    CHECK_THROWS_WITH_AS(outcome_of(std::move(running)), "a task's", std::runtime_error);
}

TEST_CASE("a body that fails cancels the tasks") {
    manual_executor executor;
    manual_operation<> operation;
    const auto body = [&]() -> task<> {
        co_await with_task_group([&](task_group& group) -> task<> {
            group.spawn(wait_for(operation));
            throw std::out_of_range("the body's");
            co_return;
        });
    };
    CHECK_THROWS_WITH_AS(run(executor, body()), "the body's", std::out_of_range);
    CHECK_FALSE(operation.awaited());
}

TEST_CASE("several failures are one exception_group") {
    const census all;
    manual_executor executor;
    manual_operation<> operation;
    const auto failing = [](counted, const char* message) -> task<> {
        throw std::runtime_error(message);
        co_return;
    };
    const auto body = [&]() -> task<> {
        co_await with_task_group([&](task_group& group) -> task<> {
            group.spawn(failing(counted(1), "one"));
            group.spawn(failing(counted(2), "two"));
            co_await fail_when_cancelled(operation, "the body's");
        });
    };
    CHECK_THROWS_WITH_AS(run(executor, body()), "3 tasks have failed:\none\ntwo\nthe body's", exception_group);
}

TEST_CASE("a task that has been cancelled alone leaves the others as they are") {
    manual_executor executor;
    manual_operation<> first, second;
    const auto body = [&]() -> task<> {
        co_await with_task_group([&](task_group& group) -> task<> {
            group.spawn(wait_for(first));
            group.spawn(wait_for(second));
            co_return;
        });
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    first.fail(std::make_exception_ptr(cancelled()));
    executor.run_all();
    CHECK(second.cancellations() == 0);
    second.end_with();
    executor.run_all();
    CHECK_NOTHROW(outcome_of(std::move(running)));
}

TEST_CASE("a body that ends with a cancellation of its own ends the group with that") {
    manual_executor executor;
    manual_operation<> operation;
    const auto body = [&]() -> task<> {
        co_await with_task_group([&](task_group& group) -> task<> {
            group.spawn(wait_for(operation));
            throw cancelled();
            co_return;
        });
    };
    CHECK_THROWS_AS(run(executor, body()), cancelled);
}

TEST_CASE("cancelling the awaiting task cancels the body and the tasks, and waits") {
    manual_executor executor;
    manual_operation<> in_body, first, cleanup;
    bool body_waits = true;
    const auto cleaning_up = [&]() -> task<> {
        try {
            co_await first;
        } catch (const cancelled&) {
        }
        co_await cleanup;
    };
    const auto body = [&]() -> task<> {
        co_await with_task_group([&](task_group& group) -> task<> {
            group.spawn(cleaning_up());
            if (body_waits) co_await in_body;
        });
    };
    SUBCASE("while the body runs") {}
    SUBCASE("when it has ended, with a value") { body_waits = false; }
    future<> running = launch(body(), executor);
    executor.run_all();
    running.cancel();
    executor.run_all();
    CHECK(first.cancellations() == 1);
    CHECK(in_body.cancellations() == (body_waits ? 1 : 0));
    CHECK_FALSE(running.done());
    cleanup.end_with();
    executor.run_all();
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("a cancellation before the start starts nothing") {
    manual_executor executor;
    bool began = false;
    const auto body = [&]() -> task<> {
        detail::task_context::current()->cancel();
        co_await with_task_group([&](task_group&) -> task<> {
            began = true;
            co_return;
        });
    };
    CHECK_THROWS_AS(run(executor, body()), cancelled);
    CHECK_FALSE(began);
}

TEST_CASE("what is started in a group that is ending is cancelled at once") {
    manual_executor executor;
    manual_operation<> in_body, late;
    const auto body = [&]() -> task<> {
        co_await with_task_group([&](task_group& group) -> task<> {
            group.spawn(fail_with("first"));
            try {
                co_await in_body;
            } catch (const cancelled&) {
            }
            group.spawn(wait_for(late));
        });
    };
    CHECK_THROWS_WITH_AS(run(executor, body()), "first", std::runtime_error);
    CHECK_FALSE(late.awaited());
}

TEST_CASE("a group takes futures over") {
    manual_executor executor, elsewhere;
    manual_operation<> operation;
    const auto body = [&]() -> task<> {
        co_await with_task_group([&](task_group& group) -> task<> {
            group.spawn(launch(wait_for(operation), elsewhere));
            co_return;
        });
    };
    future<> running = launch(body(), executor);
    executor.run_all();
    elsewhere.run_all();
    CHECK_FALSE(running.done());
    operation.end_with();
    elsewhere.run_all();
    executor.run_all();
    CHECK(running.done());
    outcome_of(std::move(running));
}

TEST_CASE("a group takes tasks on its own thread only") {
    const census all;
    struct foreign_executor final : detail::executor {
        explicit foreign_executor(manual_executor& to) noexcept : through(to) {}
        void post(detail::work& item) noexcept override { through.post(item); }
        [[nodiscard]] bool is_current() const noexcept override { return current; }
        manual_executor& through;
        bool current = true;
    };
    manual_executor executor;
    foreign_executor home(executor);
    const auto child = [](counted) -> task<> { co_return; };
    const auto body = [&]() -> task<> {
        co_await with_task_group([&](task_group& group) -> task<> {
            home.current = false;
            CHECK_THROWS_AS(group.spawn(child(counted(1))), misuse);
            home.current = true;
            co_return;
        });
    };
    future<> running = launch(body(), home);
    executor.run_all();
    outcome_of(std::move(running));
}

}  // namespace
}  // namespace pyasync
