// tests/core/unretrieved_test.cpp: who wants to know of failures that nobody has taken.
// SPDX-License-Identifier: MIT
#include <pyasync/core/unretrieved.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <utility>
#include <vector>

#include "support/launch.hpp"
#include "support/manual_executor.hpp"

namespace pyasync::test {
namespace {

struct told {
    std::source_location started;
    bool with_locals;
    std::exception_ptr error;
};

std::vector<told> all_told;

/// As long as it lives, what nobody has taken goes to `all_told`.
class observing {
public:
    observing() {
        all_told.clear();
        detail::observer_of_unretrieved = &note;
    }
    observing(const observing&) = delete;
    observing& operator=(const observing&) = delete;
    ~observing() {
        detail::observer_of_unretrieved = nullptr;
        all_told.clear();
    }

private:
    static void note(const std::source_location& started, const detail::task_locals_base* carried,
                     std::exception_ptr error) noexcept {
        all_told.push_back({started, carried != nullptr, std::move(error)});
    }
};

task<int> fail() {
    throw std::out_of_range("too far");
    co_return 1;
}

task<int> answer() { co_return 42; }

}  // namespace

TEST_CASE("the failure of a task is told of when its future goes, with the place that it was started at") {
    const observing all;
    manual_executor executor;
    {
        const future<int> running = launch(fail(), executor);
        executor.run_all();
        CHECK(all_told.empty());
    }
    REQUIRE(all_told.size() == 1);
    CHECK(all_told[0].started.line() != 0);
    CHECK_FALSE(all_told[0].with_locals);
    CHECK_THROWS_WITH_AS(std::rethrow_exception(all_told[0].error), "too far", std::out_of_range);
}

TEST_CASE("the failure of a detached task is told of when it has ended") {
    const observing all;
    manual_executor executor;
    launch(fail(), executor).detach();
    CHECK(all_told.empty());
    executor.run_all();
    CHECK(all_told.size() == 1);
}

TEST_CASE("what is taken is not told of, nor is a value") {
    const observing all;
    manual_executor executor;
    CHECK_THROWS_AS(run(executor, fail()), std::out_of_range);
    launch(answer(), executor).detach();
    executor.run_all();
    CHECK(all_told.empty());
}

TEST_CASE("where nobody wants to know, nothing is told") {
    manual_executor executor;
    launch(fail(), executor).detach();
    executor.run_all();
    CHECK(all_told.empty());
}

}  // namespace pyasync::test
