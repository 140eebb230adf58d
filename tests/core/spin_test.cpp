// tests/core/spin_test.cpp: when a thread stays awake for the next message, and when it does not even try.
// SPDX-License-Identifier: MIT
#include <pyasync/core/spin.hpp>

#include <doctest/doctest.h>
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <latch>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace pyasync::detail {
namespace {

using namespace std::chrono_literals;

constexpr auto a_short_while = 1us;
constexpr auto a_long_while = 1s;

/// The processors that this process may use.
std::vector<int> processors() {
    cpu_set_t set;
    REQUIRE(sched_getaffinity(0, sizeof set, &set) == 0);
    std::vector<int> numbers;
    for (int i = 0; i < CPU_SETSIZE; ++i) {
        if (CPU_ISSET(i, &set)) numbers.push_back(i);
    }
    return numbers;
}

/// Keeps this thread on one processor, for as long as it lives.
class pinned {
public:
    explicit pinned(int processor) {
        pthread_getaffinity_np(pthread_self(), sizeof before_, &before_);
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(processor, &one);
        pthread_setaffinity_np(pthread_self(), sizeof one, &one);
    }
    pinned(const pinned&) = delete;
    pinned& operator=(const pinned&) = delete;
    ~pinned() { pthread_setaffinity_np(pthread_self(), sizeof before_, &before_); }

private:
    cpu_set_t before_{};
};

/// A thread of the framework that was last seen on that processor, after waits of that length.
class partner {
public:
    explicit partner(int processor, std::chrono::nanoseconds waits = a_short_while)
        : thread_([this, processor, waits] {
              const pinned here(processor);
              spinner seen;
              seen.slept(waits);
              static_cast<void>(seen.pays());
              seated_.count_down();
              leave_.wait();
          }) {
        seated_.wait();
    }
    partner(const partner&) = delete;
    partner& operator=(const partner&) = delete;
    ~partner() { leave_.count_down(); }

private:
    std::latch seated_{1};
    std::latch leave_{1};
    std::jthread thread_;
};

class spin_limit_of_test {
public:
    explicit spin_limit_of_test(std::chrono::nanoseconds limit) { set_spin_limit(limit); }
    spin_limit_of_test(const spin_limit_of_test&) = delete;
    spin_limit_of_test& operator=(const spin_limit_of_test&) = delete;
    ~spin_limit_of_test() { set_spin_limit(before_); }

private:
    const std::chrono::nanoseconds before_ = spinner::limit();
};

/// How often a spinner looks for something that never comes.
int looks_of(spinner& waiting) {
    int looks = 0;
    CHECK_FALSE(waiting.wait_for([&looks] {
        ++looks;
        return false;
    }));
    return looks;
}

/// A spinner on one processor and, if there are two, a partner on another.
struct two_processors {
    const std::vector<int> numbers = processors();
    const pinned here{numbers.front()};
    spinner waiting;
    std::optional<partner> other;

    [[nodiscard]] bool there() {
        if (numbers.size() < 2) {
            MESSAGE("there is one processor only: nothing to spin for");
            return false;
        }
        other.emplace(numbers[1]);
        return true;
    }
};

TEST_CASE_FIXTURE(two_processors, "a thread that has not waited yet does not spin") {
    if (there()) CHECK(looks_of(waiting) == 0);
}

TEST_CASE_FIXTURE(two_processors, "a thread whose last wait was short spins until something comes") {
    if (!there()) return;
    const spin_limit_of_test limit(1h);
    waiting.slept(a_short_while);
    for (int round = 0; round < 3; ++round) {
        int looks = 0;
        CHECK(waiting.wait_for([&looks] { return ++looks == 1000; }));
    }
}

TEST_CASE_FIXTURE(two_processors, "a thread that has spun in vain does not spin again") {
    if (!there()) return;
    const spin_limit_of_test limit(1us);
    waiting.slept(a_short_while);
    CHECK(looks_of(waiting) > 0);
    CHECK(looks_of(waiting) == 0);
}

TEST_CASE_FIXTURE(two_processors, "a thread that has slept long, or in vain, does not spin") {
    if (!there()) return;
    waiting.slept(a_short_while);
    waiting.slept(a_long_while);
    CHECK(looks_of(waiting) == 0);
    waiting.slept(a_short_while);
    waiting.slept_in_vain();
    CHECK(looks_of(waiting) == 0);
}

TEST_CASE_FIXTURE(two_processors, "with a limit of zero nothing spins") {
    if (!there()) return;
    const spin_limit_of_test limit(0ns);
    waiting.slept(a_short_while);
    CHECK(looks_of(waiting) == 0);
}

TEST_CASE_FIXTURE(two_processors, "a thread does not spin for nobody") {
    waiting.slept(a_short_while);
    CHECK(looks_of(waiting) == 0);
}

TEST_CASE_FIXTURE(two_processors, "a thread gives its processor to one that needs it, a few times, and does not spin") {
    const spin_limit_of_test limit(1h);
    other.emplace(numbers.front());
    waiting.slept(a_short_while);
    const int looks = looks_of(waiting);
    CHECK(looks > 0);
    CHECK(looks < 10);
    CHECK_FALSE(waiting.look_for([] { return false; }, 1h));
    CHECK(waiting.look_for([] { return true; }, 1h));
    CHECK(waiting.pays());
}

TEST_CASE_FIXTURE(two_processors, "a thread whose processor others take does not give it away for a while") {
    const spin_limit_of_test limit(1h);
    other.emplace(numbers.front());
    std::atomic<bool> ends{false};
    const int taken = numbers.front();
    const std::jthread greedy([&ends, taken] {
        const pinned there(taken);
        while (!ends) {
        }
    });
    // Some looks were before and after the processor was lost; then there are none any more.
    int looks = 0;
    do {
        waiting.slept(a_short_while);
        looks = looks_of(waiting);
    } while (looks > 1);
    ends = true;
}

TEST_CASE_FIXTURE(two_processors, "a thread does not spin for one whose messages are rare") {
    if (!there()) return;
    other.emplace(numbers[1], a_long_while);
    waiting.slept(a_short_while);
    CHECK(looks_of(waiting) == 0);
}

TEST_CASE_FIXTURE(two_processors, "a look for something is as long as it is told to be, and changes no judgement") {
    if (!there()) return;
    const spin_limit_of_test limit(1h);
    waiting.slept(a_short_while);
    for (int round = 0; round < 3; ++round) CHECK_FALSE(waiting.look_for([] { return false; }, 1us));
    int looks = 0;
    CHECK(waiting.look_for([&looks] { return ++looks == 1000; }, 1h));
    waiting.slept_in_vain();
    CHECK_FALSE(waiting.look_for([] { return false; }, 1h));
    CHECK(waiting.look_for([] { return true; }, 0ns));
}

TEST_CASE_FIXTURE(two_processors, "more threads than there are seats are harmless") {
    std::vector<std::unique_ptr<partner>> many;
    constexpr int more_than_seats = 80;
    for (int i = 0; i < more_than_seats; ++i) many.push_back(std::make_unique<partner>(numbers.front()));
    many.clear();
    waiting.slept(a_short_while);
    CHECK(looks_of(waiting) == 0);
    if (!there()) return;
    waiting.slept(a_short_while);
    CHECK(looks_of(waiting) > 0);
}

}  // namespace
}  // namespace pyasync::detail
