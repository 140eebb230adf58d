// tests/core/spin_test.cpp: when a thread spins, and when it does not.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <sched.h>

#include <latch>
#include <thread>

#include <pyasync/core/spin.hpp>

using namespace std::chrono_literals;
using pyasync::detail::set_spin_limit;
using pyasync::detail::spinner;

namespace {

void move_to(int processor) {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(processor, &only);
    REQUIRE(sched_setaffinity(0, sizeof only, &only) == 0);
}

/// Runs `body(spin)` on one processor while a partner has last been seen on another.
template <typename Body>
void with_partner_on(int partner_processor, Body body) {
    cpu_set_t before;
    sched_getaffinity(0, sizeof before, &before);
    std::latch seated(1);
    std::latch over(1);
    std::thread partner([&] {
        move_to(partner_processor);
        const spinner seat;
        seated.count_down();
        over.wait();
    });
    seated.wait();
    move_to(0);
    {
        spinner spin;
        body(spin);
    }
    over.count_down();
    partner.join();
    sched_setaffinity(0, sizeof before, &before);
}

bool has_two_processors() {
    cpu_set_t mine;
    sched_getaffinity(0, sizeof mine, &mine);
    const bool both = CPU_ISSET(0, &mine) && CPU_ISSET(1, &mine);
    if (!both) MESSAGE("skipped: needs processors 0 and 1");
    return both;
}

int looks_of(spinner& spin) {
    int looks = 0;
    CHECK_FALSE(spin.wait_for([&] {
        ++looks;
        return false;
    }));
    return looks;
}

}  // namespace

TEST_CASE("a thread does not spin before its waits have been short") {
    if (!has_two_processors()) return;
    with_partner_on(1, [](spinner& spin) { CHECK(looks_of(spin) == 0); });
}

TEST_CASE("after a short wait it spins, and after one in vain no more") {
    if (!has_two_processors()) return;
    with_partner_on(1, [](spinner& spin) {
        spin.slept(10us);
        CHECK(looks_of(spin) > 0);
        CHECK(looks_of(spin) == 0);
    });
}

TEST_CASE("what arrives ends the spinning, and the next wait spins again") {
    if (!has_two_processors()) return;
    with_partner_on(1, [](spinner& spin) {
        spin.slept(10us);
        constexpr int looks_needed = 5;
        for (int i = 0; i < 2; ++i) {
            int looks = 0;
            CHECK(spin.wait_for([&] { return ++looks == looks_needed; }));
        }
    });
}

TEST_CASE("after a long wait, or one that something else has ended, it does not spin") {
    if (!has_two_processors()) return;
    with_partner_on(1, [](spinner& spin) {
        spin.slept(10ms);
        CHECK(looks_of(spin) == 0);
        spin.slept(10us);
        spin.slept_in_vain();
        CHECK(looks_of(spin) == 0);
    });
}

TEST_CASE("it does not spin where the partner needs this very processor, nor without a partner") {
    if (!has_two_processors()) return;
    with_partner_on(0, [](spinner& spin) {
        spin.slept(10us);
        CHECK(looks_of(spin) == 0);
    });
    spinner alone;
    alone.slept(10us);
    CHECK(looks_of(alone) == 0);
}

TEST_CASE("a limit of zero turns it off") {
    if (!has_two_processors()) return;
    set_spin_limit(0ns);
    with_partner_on(1, [](spinner& spin) {
        spin.slept(10us);
        CHECK(looks_of(spin) == 0);
    });
    set_spin_limit(50us);
}
