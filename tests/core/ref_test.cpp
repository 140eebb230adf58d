// tests/core/ref_test.cpp: counts inside objects.
// SPDX-License-Identifier: MIT
#include <pyasync/core/ref.hpp>

#include <doctest/doctest.h>

#include <latch>
#include <thread>
#include <type_traits>
#include <vector>

namespace pyasync::detail {
namespace {

struct base : ref_counted {
    explicit base(int& deaths) noexcept : deaths_(deaths) {}
    ~base() override { ++deaths_; }

private:
    int& deaths_;
};
struct derived final : base {
    using base::base;
    int number = 7;
};

TEST_CASE("an object dies with its last owner") {
    int deaths = 0;
    {
        ref<base> first = make_ref<base>(deaths);
        ref<base> second = first;
        CHECK(second.get() == first.get());
        first = {};
        CHECK_FALSE(first);
        CHECK(deaths == 0);
        CHECK(second);
    }
    CHECK(deaths == 1);
}

TEST_CASE("moving an owner adds no count, and leaves it empty") {
    int deaths = 0;
    ref<base> first = make_ref<base>(deaths);
    ref<base> second = std::move(first);
    CHECK_FALSE(first);  // NOLINT(bugprone-use-after-move): that is what is tested
    first = std::move(second);
    CHECK_FALSE(second);  // NOLINT(bugprone-use-after-move)
    CHECK(deaths == 0);
    first = {};
    CHECK(deaths == 1);
}

TEST_CASE("an owner may be assigned to itself") {
    int deaths = 0;
    ref<base> owner = make_ref<base>(deaths);
    const ref<base>& same = owner;
    owner = same;
    CHECK(deaths == 0);
    REQUIRE(owner);
    owner = {};
    CHECK(deaths == 1);
}

TEST_CASE("assigning gives up what was owned") {
    int first_deaths = 0;
    int second_deaths = 0;
    ref<base> owner = make_ref<base>(first_deaths);
    owner = make_ref<base>(second_deaths);
    CHECK(first_deaths == 1);
    CHECK(second_deaths == 0);
}

TEST_CASE("an owner of a class is an owner of its base") {
    int deaths = 0;
    {
        ref<derived> exact = make_ref<derived>(deaths);
        CHECK(exact->number == 7);
        CHECK((*exact).number == 7);
        const ref<base> shared = exact;
        CHECK(shared.get() == exact.get());
        const ref<base> taken = std::move(exact);
        CHECK(deaths == 0);
    }
    CHECK(deaths == 1);
    static_assert(!std::is_convertible_v<ref<base>, ref<derived>>);
}

TEST_CASE("leak and adopt hand a count over, share adds one") {
    int deaths = 0;
    ref<base> owner = make_ref<base>(deaths);
    base* const raw = owner.leak();
    CHECK_FALSE(owner);
    owner = ref<base>::adopt(raw);
    {
        const ref<base> second = ref<base>::share(raw);
        owner = {};
        CHECK(deaths == 0);
    }
    CHECK(deaths == 1);
    CHECK_FALSE(ref<base>::share(nullptr));
}

TEST_CASE("owners on many threads: the object dies once, at the end") {
    constexpr int threads = 4;
    constexpr int copies = 20'000;
    int deaths = 0;
    {
        std::latch all_there(threads);
        std::vector<std::jthread> running;
        ref<base> owner = make_ref<base>(deaths);
        for (int i = 0; i < threads; ++i) {
            running.emplace_back([&all_there, mine = owner]() mutable {
                all_there.arrive_and_wait();
                for (int copy = 0; copy < copies; ++copy) {
                    ref<base> other = mine;
                    mine = std::move(other);
                }
            });
        }
        owner = {};
    }
    CHECK(deaths == 1);
}

}  // namespace
}  // namespace pyasync::detail
