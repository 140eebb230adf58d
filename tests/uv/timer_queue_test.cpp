// tests/uv/timer_queue_test.cpp: deadlines over a timerfd, driven without a loop.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/timer_queue.hpp>

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

namespace pyasync::uv::detail {
namespace {

using namespace std::chrono_literals;

/// A timerfd that nobody polls but the test.
class timer_descriptor {
public:
    timer_descriptor() { REQUIRE(number_ >= 0); }
    timer_descriptor(const timer_descriptor&) = delete;
    timer_descriptor& operator=(const timer_descriptor&) = delete;
    ~timer_descriptor() { ::close(number_); }

    [[nodiscard]] int number() const noexcept { return number_; }

    /// Blocks until the timer fires.
    void wait() const {
        pollfd polled{.fd = number_, .events = POLLIN, .revents = 0};
        REQUIRE(::poll(&polled, 1, -1) == 1);
    }
    /// When it will fire: the time left, zero where it is not armed.
    [[nodiscard]] std::chrono::nanoseconds left() const {
        itimerspec setting{};
        REQUIRE(::timerfd_gettime(number_, &setting) == 0);
        return std::chrono::seconds(setting.it_value.tv_sec) + std::chrono::nanoseconds(setting.it_value.tv_nsec);
    }

private:
    int number_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
};

struct entry final : timer_entry {
    explicit entry(std::function<void()> action = [] {}) : action_(std::move(action)) {}
    void expired() noexcept override {
        ++times;
        action_();
    }
    int times = 0;

private:
    std::function<void()> action_;
};

TEST_CASE("entries whose time has come expire in the order of their deadlines") {
    const timer_descriptor timer;
    timer_queue queue(timer.number());
    std::vector<int> order;
    entry first([&] { order.push_back(1); }), second([&] { order.push_back(2); }), third([&] { order.push_back(3); });
    const auto now = clock::now();
    queue.insert(third, now);
    queue.insert(first, now - 2ms);
    queue.insert(second, now - 1ms);
    queue.expire();
    CHECK(order == std::vector{1, 2, 3});
}

TEST_CASE("what lies in the future stays in the queue, and fires in its time") {
    const timer_descriptor timer;
    timer_queue queue(timer.number());
    entry due, soon, later;
    queue.insert(later, clock::now() + 1h);
    queue.insert(soon, clock::now() + 1ms);
    queue.insert(due, clock::now());
    queue.expire();
    CHECK(due.times == 1);
    while (soon.times == 0) {
        timer.wait();
        queue.expire();
    }
    CHECK(due.times == 1);
    CHECK(soon.times == 1);
    CHECK(later.times == 0);
    CHECK(timer.left() > 50min);
    CHECK(timer.left() <= 1h);
    queue.remove(later);
}

TEST_CASE("the timer is set to the earliest deadline, whatever the order of insertion") {
    const timer_descriptor timer;
    timer_queue queue(timer.number());
    entry a, b, c;
    queue.insert(a, clock::now() + 2h);
    queue.insert(b, clock::now() + 1h);
    queue.insert(c, clock::now() + 3h);
    CHECK(timer.left() > 50min);
    CHECK(timer.left() <= 1h);
    for (entry* each : {&a, &b, &c}) queue.remove(*each);
}

TEST_CASE("a deadline in the past fires at once") {
    const timer_descriptor timer;
    timer_queue queue(timer.number());
    entry now, long_ago;
    queue.insert(now, clock::now());
    timer.wait();
    queue.expire();
    CHECK(now.times == 1);
    queue.insert(long_ago, clock::time_point());
    timer.wait();
    queue.expire();
    CHECK(long_ago.times == 1);
}

TEST_CASE("a removed entry does not expire, and may be removed again") {
    const timer_descriptor timer;
    timer_queue queue(timer.number());
    entry removed, kept, never_in;
    const auto now = clock::now();
    queue.insert(removed, now);
    queue.insert(kept, now);
    queue.remove(removed);
    queue.remove(removed);
    queue.remove(never_in);
    queue.expire();
    CHECK(removed.times == 0);
    CHECK(kept.times == 1);
    queue.remove(kept);
}

TEST_CASE("entries with the same deadline all expire") {
    const timer_descriptor timer;
    timer_queue queue(timer.number());
    std::vector<entry> entries(100);
    const auto now = clock::now();
    for (entry& each : entries) queue.insert(each, now);
    queue.expire();
    CHECK(std::ranges::all_of(entries, [](const entry& each) { return each.times == 1; }));
}

TEST_CASE("an entry that expires may remove another, insert another and insert itself") {
    const timer_descriptor timer;
    timer_queue queue(timer.number());
    entry victim, added;
    int rounds = 0;
    entry* again = nullptr;
    entry repeating([&] {
        queue.remove(victim);
        if (++rounds == 1) queue.insert(added, clock::now());
        if (rounds < 3) queue.insert(*again, clock::now());
    });
    again = &repeating;
    const auto now = clock::now();
    queue.insert(repeating, now - 1ms);
    queue.insert(victim, now);
    while (rounds < 3) {
        timer.wait();
        queue.expire();
    }
    CHECK(victim.times == 0);
    CHECK(added.times == 1);
    CHECK(repeating.times == 3);
}

TEST_CASE("many deadlines in any order expire in theirs") {
    const unsigned seed = std::random_device()();
    INFO("seed: ", seed);
    std::mt19937 random(seed);
    const timer_descriptor timer;
    timer_queue queue(timer.number());
    std::vector<int> milliseconds_ago(500);
    for (int& each : milliseconds_ago) each = std::uniform_int_distribution(0, 1000)(random);
    std::vector<int> order;
    std::vector<entry> entries;
    entries.reserve(milliseconds_ago.size());
    const auto now = clock::now();
    for (const int each : milliseconds_ago) {
        queue.insert(entries.emplace_back([&order, each] { order.push_back(each); }),
                     now - std::chrono::milliseconds(each));
    }
    queue.expire();
    std::ranges::sort(milliseconds_ago, std::greater());
    CHECK(order == milliseconds_ago);
}

TEST_CASE("whatever is inserted and removed in between, the rest expires in its order") {
    const unsigned seed = std::random_device()();
    INFO("seed: ", seed);
    std::mt19937 random(seed);
    const timer_descriptor timer;
    timer_queue queue(timer.number());
    struct numbered {
        int deadline = 0;
        bool in = false;
    };
    constexpr int most = 300;
    std::vector<numbered> expected(most);
    std::vector<int> order;
    std::vector<entry> entries;
    entries.reserve(most);
    for (int i = 0; i < most; ++i) entries.emplace_back([&order, i] { order.push_back(i); });
    const auto now = clock::now();
    for (int step = 0; step < 5000; ++step) {
        const int which = std::uniform_int_distribution(0, most - 1)(random);
        auto& [deadline, in] = expected[static_cast<std::size_t>(which)];
        entry& one = entries[static_cast<std::size_t>(which)];
        if (in) {
            queue.remove(one);
        } else {
            deadline = std::uniform_int_distribution(1, 50)(random);
            queue.insert(one, now - 1ms * deadline);
        }
        in = !in;
    }
    queue.expire();
    const auto is_in = [](const numbered& each) { return each.in; };
    CHECK(static_cast<std::ptrdiff_t>(order.size()) == std::ranges::count_if(expected, is_in));
    CHECK(std::ranges::is_sorted(order, std::greater(),
                                 [&](int which) { return expected[static_cast<std::size_t>(which)].deadline; }));
}

TEST_CASE("entries with the same deadline expire in the order of insertion") {
    const timer_descriptor timer;
    timer_queue queue(timer.number());
    std::vector<int> order;
    std::vector<entry> entries;
    constexpr int many = 100;
    entries.reserve(many);
    const auto now = clock::now();
    for (int i = 0; i < many; ++i) queue.insert(entries.emplace_back([&order, i] { order.push_back(i); }), now);
    queue.expire();
    CHECK(order.size() == many);
    CHECK(std::ranges::is_sorted(order));
}

}  // namespace
}  // namespace pyasync::uv::detail
