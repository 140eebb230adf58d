// tests/core/outbox_test.cpp: what is gathered, when it is handed over, and in which order.
// SPDX-License-Identifier: MIT
#include <pyasync/core/outbox.hpp>

#include <doctest/doctest.h>

#include <deque>
#include <vector>

namespace pyasync::detail {
namespace {

/// Notes what arrives, in which portions.
class receiver final : public executor {
public:
    void post(work& item) noexcept override { outbox::current()->post(*this, item); }
    void post_all(work_chain&& items) noexcept override {
        portions.push_back(items.size());
        for (work_queue queue = items.take(); !queue.empty();) arrived.push_back(&queue.pop());
    }
    [[nodiscard]] bool is_current() const noexcept override { return false; }

    std::vector<int> portions;
    std::vector<const work*> arrived;
};

struct item final : work {
    item() noexcept : work(&never) {}
    static void never(work&, delivery) noexcept { FAIL_CHECK("an outbox calls no handlers"); }
};

TEST_CASE("an outbox hands everything over at its end, in one portion and in order") {
    receiver there;
    item a, b, c;
    {
        const outbox gathering;
        for (item* one : {&a, &b, &c}) there.post(*one);
        CHECK(there.arrived.empty());
    }
    CHECK(there.portions == std::vector{3});
    CHECK(there.arrived == std::vector<const work*>{&a, &b, &c});
    CHECK(outbox::current() == nullptr);
}

TEST_CASE("an outbox holds sixteen items back at the most") {
    receiver there;
    std::deque<item> items(40);
    {
        const outbox gathering;
        for (item& one : items) there.post(one);
        CHECK(there.portions == std::vector{16, 16});
    }
    CHECK(there.portions == std::vector{16, 16, 8});
    for (std::size_t i = 0; i < items.size(); ++i) CHECK(there.arrived[i] == &items[i]);
}

TEST_CASE("what goes to another destination does not overtake what went before") {
    receiver here, there;
    item a, b;
    const outbox gathering;
    here.post(a);
    there.post(b);
    CHECK(here.arrived == std::vector<const work*>{&a});
    CHECK(there.arrived.empty());
    outbox::flush_current();
    CHECK(there.arrived == std::vector<const work*>{&b});
    outbox::flush_current();
    CHECK(there.portions == std::vector{1});
}

TEST_CASE("an outbox within another sends first what the outer one holds") {
    receiver there;
    item a, b, c;
    {
        const outbox outer;
        there.post(a);
        {
            const outbox inner;
            CHECK(there.arrived == std::vector<const work*>{&a});
            there.post(b);
        }
        CHECK(there.portions == std::vector{1, 1});
        there.post(c);
        CHECK(there.portions == std::vector{1, 1});
    }
    CHECK(there.arrived == std::vector<const work*>{&a, &b, &c});
}

/// Refuses what it gets, one of which leads to a message to somebody else.
class refuser final : public executor {
public:
    refuser(receiver& to, item& told) noexcept : to_(to), told_(told) {}
    void post(work& item) noexcept override { outbox::current()->post(*this, item); }
    void post_all(work_chain&& items) noexcept override {
        for (work_queue queue = items.take(); !queue.empty();) queue.pop();
        to_.post(told_);
    }
    [[nodiscard]] bool is_current() const noexcept override { return false; }

private:
    receiver& to_;
    item& told_;
};

TEST_CASE("what is posted because something was refused reaches its own destination") {
    receiver here, there;
    item first, second, told;
    refuser closed(there, told);
    SUBCASE("at the end") {
        const outbox gathering;
        closed.post(first);
    }
    SUBCASE("before something else") {
        const outbox gathering;
        closed.post(first);
        here.post(second);
        CHECK(there.arrived == std::vector<const work*>{&told});
    }
    CHECK(there.arrived == std::vector<const work*>{&told});
}

}  // namespace
}  // namespace pyasync::detail
