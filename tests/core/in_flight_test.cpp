// tests/core/in_flight_test.cpp: the list of what runs on an executor.
// SPDX-License-Identifier: MIT
#include <pyasync/core/in_flight.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <source_location>
#include <vector>

namespace pyasync::detail {
namespace {

struct entry final : in_flight {
    explicit entry(const std::source_location& started = std::source_location::current()) noexcept
        : in_flight(started) {}
    [[nodiscard]] const task_locals_base* carried() const noexcept override { return nullptr; }
    void abandon_here() noexcept override { ++cancellations; }
    [[nodiscard]] bool awaited() const noexcept override { return has_waiter; }
    void describe(task_report&) const override {}

    int cancellations = 0;
    bool has_waiter = false;
};

struct message final : work {
    message() noexcept : work(&count) {}
    static void count(work& self, delivery how) noexcept {
        ++(how == delivery::served ? static_cast<message&>(self).deliveries : static_cast<message&>(self).refusals);
    }
    int deliveries = 0;
    int refusals = 0;
};

bool lists(const in_flight_list& list, std::vector<const in_flight*> expected) {
    std::vector<const in_flight*> found;
    for (const in_flight* each = list.first(); each != nullptr; each = each->next()) found.push_back(each);
    std::ranges::sort(found);
    std::ranges::sort(expected);
    return found == expected;
}

TEST_CASE("entries enter and leave the list in any order") {
    in_flight_list list;
    entry a, b, c;
    CHECK(list.first() == nullptr);
    CHECK_FALSE(a.listed());
    for (entry* each : {&a, &b, &c}) list.insert(*each);
    CHECK(lists(list, {&a, &b, &c}));
    CHECK(a.listed());

    std::vector<entry*> leaving;
    SUBCASE("the middle one first") { leaving = {&b, &a, &c}; }
    SUBCASE("the oldest first") { leaving = {&a, &b, &c}; }
    SUBCASE("the newest first") { leaving = {&c, &b, &a}; }
    list.erase(*leaving[0]);
    CHECK_FALSE(leaving[0]->listed());
    CHECK(lists(list, {leaving[1], leaving[2]}));
    list.erase(*leaving[1]);
    CHECK(lists(list, {leaving[2]}));
    list.erase(*leaving[2]);
    CHECK(list.first() == nullptr);
}

TEST_CASE("an entry that has left may enter again") {
    in_flight_list list;
    entry a, b;
    list.insert(a);
    list.insert(b);  // now before a
    list.erase(a);
    list.erase(b);
    list.insert(a);
    CHECK(lists(list, {&a}));
    list.erase(a);
    CHECK(list.first() == nullptr);
}

TEST_CASE("an entry knows where it was started") {
    const unsigned line = std::source_location::current().line() + 1;
    const entry here;
    CHECK(here.where().line() == line);
}

TEST_CASE("abandon_if asks the chosen entries only") {
    in_flight_list list;
    entry a, b, c;
    for (entry* each : {&a, &b, &c}) list.insert(*each);
    list.abandon_if([&](const in_flight& each) { return &each != &b; });
    CHECK(a.cancellations == 1);
    CHECK(b.cancellations == 0);
    CHECK(c.cancellations == 1);
    for (entry* each : {&a, &b, &c}) list.erase(*each);
}

TEST_CASE("abandon_if leaves what others wait for to those") {
    in_flight_list list;
    entry alone, awaited;
    awaited.has_waiter = true;
    list.insert(alone);
    list.insert(awaited);
    list.abandon_if([](const in_flight&) { return true; });
    CHECK(alone.cancellations == 1);
    CHECK(awaited.cancellations == 0);
    list.erase(alone);
    list.erase(awaited);
}

TEST_CASE("emptiness is told at once where the list is empty, once") {
    in_flight_list list;
    message told;
    list.notify_when_empty(told);
    CHECK(told.deliveries == 1);
    entry a;
    list.insert(a);
    list.erase(a);
    CHECK(told.deliveries == 1);
}

TEST_CASE("emptiness is told when the last entry leaves") {
    in_flight_list list;
    entry a, b;
    list.insert(a);
    list.insert(b);
    message told;
    list.notify_when_empty(told);
    list.erase(a);
    CHECK(told.deliveries == 0);
    list.erase(b);
    CHECK(told.deliveries == 1);
}

TEST_CASE("whoever asks for emptiness last is told, and who asked before is refused") {
    in_flight_list list;
    entry a;
    list.insert(a);
    message first, second;
    list.notify_when_empty(first);
    list.notify_when_empty(second);
    CHECK(first.refusals == 1);
    list.erase(a);
    CHECK(first.deliveries == 0);
    CHECK(second.deliveries == 1);
    CHECK(second.refusals == 0);
}

}  // namespace
}  // namespace pyasync::detail
