// tests/core/work_test.cpp: the queue of one thread.
// SPDX-License-Identifier: MIT
#include <pyasync/core/work.hpp>

#include <doctest/doctest.h>

#include <vector>

namespace pyasync::detail {
namespace {

struct item final : work {
    explicit item(int number_) noexcept : work(&handled), number(number_) {}
    static void handled(work& self, delivery how) noexcept { static_cast<item&>(self).came = how; }

    int number;
    delivery came = delivery::refused;
};

std::vector<int> drain(work_queue& queue) {
    std::vector<int> numbers;
    while (!queue.empty()) numbers.push_back(static_cast<item&>(queue.pop()).number);
    return numbers;
}

TEST_CASE("a work queue gives its items in their order, and can be filled again") {
    work_queue queue;
    item a(1), b(2), c(3);
    CHECK(queue.empty());
    queue.push(a);
    queue.push(b);
    CHECK(drain(queue) == std::vector{1, 2});
    CHECK(queue.empty());
    queue.push(c);
    queue.push(a);
    CHECK(drain(queue) == std::vector{3, 1});
}

TEST_CASE("what is pushed while a work queue is drained comes last") {
    work_queue queue;
    item a(1), b(2), c(3);
    queue.push(a);
    queue.push(b);
    CHECK(static_cast<item&>(queue.pop()).number == 1);
    queue.push(c);
    queue.push(a);
    CHECK(drain(queue) == std::vector{2, 3, 1});
}

TEST_CASE("a moved work queue leaves an empty one that works") {
    work_queue from;
    item a(1), b(2);
    from.push(a);
    work_queue to = std::move(from);
    CHECK(from.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
    from.push(b);
    CHECK(drain(to) == std::vector{1});
    CHECK(drain(from) == std::vector{2});
}

TEST_CASE("appending puts one work queue behind another") {
    item a(1), b(2), c(3), d(4);
    work_queue front, back;

    SUBCASE("both have items") {
        front.push(a);
        front.push(b);
        back.push(c);
        front.append(std::move(back));
        front.push(d);
        CHECK(drain(front) == std::vector{1, 2, 3, 4});
    }
    SUBCASE("the front is empty") {
        back.push(c);
        front.append(std::move(back));
        front.push(d);
        CHECK(drain(front) == std::vector{3, 4});
    }
    SUBCASE("the back is empty") {
        front.push(a);
        front.append(std::move(back));
        front.push(b);
        CHECK(drain(front) == std::vector{1, 2});
    }
    SUBCASE("both are empty") {
        front.append(std::move(back));
        CHECK(front.empty());
        front.push(a);
        CHECK(drain(front) == std::vector{1});
    }
    CHECK(back.empty());  // NOLINT(bugprone-use-after-move)
}

TEST_CASE("a unit of work is handled with what became of it") {
    item a(1);
    work& posted = a;
    posted.handle(posted, delivery::served);
    CHECK(a.came == delivery::served);
}

}  // namespace
}  // namespace pyasync::detail
