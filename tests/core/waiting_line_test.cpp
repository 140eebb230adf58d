// tests/core/waiting_line_test.cpp: lines, whose members are served or leave.
// SPDX-License-Identifier: MIT
#include <pyasync/core/waiting_line.hpp>

#include <doctest/doctest.h>

#include <array>
#include <mutex>
#include <vector>

namespace pyasync::detail {
namespace {

class member final : public line_member {
public:
    member(int number, std::mutex& lock, std::vector<int>& calls) noexcept
        : number_(number), lock_(lock), calls_(calls) {}
    void called() noexcept override {
        const std::lock_guard not_held(lock_);
        calls_.push_back(turned_away() ? -number_ : number_);
    }

private:
    int number_;
    std::mutex& lock_;
    std::vector<int>& calls_;
};

struct line_of_four {
    std::mutex lock;
    std::vector<int> calls;
    std::array<member, 4> members{member(1, lock, calls), member(2, lock, calls), member(3, lock, calls),
                                  member(4, lock, calls)};
    waiting_line line;

    line_of_four() {
        for (member& each : members) line.join(each);
    }
    void serve(int count) {
        serving now(lock);
        for (int i = 0; i < count; ++i) now.serve_first(line);
    }
};

TEST_CASE_FIXTURE(line_of_four, "the first come are called first, when the lock has been given up") {
    {
        serving now(lock);
        now.serve_first(line);
        now.serve_first(line);
        CHECK_FALSE(members[0].in_line());
        CHECK(members[2].in_line());
        CHECK(calls.empty());
    }
    CHECK(calls == std::vector{1, 2});
    serve(2);
    CHECK(calls == std::vector{1, 2, 3, 4});
    CHECK(line.empty());
}

TEST_CASE_FIXTURE(line_of_four, "who leaves is not called, wherever he stood, and may join again") {
    SUBCASE("first") {
        line.leave(members[0]);
        line.join(members[0]);
        serve(4);
        CHECK(calls == std::vector{2, 3, 4, 1});
    }
    SUBCASE("in the middle") {
        line.leave(members[1]);
        line.leave(members[2]);
        serve(2);
        CHECK(calls == std::vector{1, 4});
    }
    SUBCASE("last") {
        line.leave(members[3]);
        CHECK_FALSE(members[3].in_line());
        line.join(members[3]);
        line.leave(members[3]);
        serve(3);
        CHECK(calls == std::vector{1, 2, 3});
    }
    SUBCASE("all") {
        for (member& each : members) line.leave(each);
        CHECK(line.empty());
        line.join(members[2]);
        serve(1);
        CHECK(calls == std::vector{3});
    }
}

TEST_CASE_FIXTURE(line_of_four, "those who are turned away know it") {
    {
        serving now(lock);
        now.serve_first(line);
        now.turn_all_away(line);
    }
    CHECK(calls == std::vector{1, -2, -3, -4});
}

}  // namespace
}  // namespace pyasync::detail
