// tests/bench/limits/atomics.cpp: the round trip between two threads that share an atomic.
// SPDX-License-Identifier: MIT
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "limit.hpp"

namespace limits {
namespace {

void pause_instruction() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb");
#endif
}

/// A number that one thread counts up and another waits for, on a cache line of its own.
class alignas(64) baton {
public:
    void pass() {
        cpu_.store(::sched_getcpu(), std::memory_order_relaxed);
        number_.store(number_.load(std::memory_order_relaxed) + 1);
        if (asleep_) futex(FUTEX_WAKE_PRIVATE, 1);
    }

    /// Returns when the number is no longer `old`. Where the other thread shares this one's CPU, it gets that.
    void await_change(int old) {
        using clock = std::chrono::steady_clock;
        if (cpu_.load(std::memory_order_relaxed) != ::sched_getcpu()) {
            const auto end = clock::now() + std::chrono::microseconds(50);
            do {
                for (int i = 0; i < 100; ++i) {
                    if (number_.load(std::memory_order_acquire) != old) return;
                    pause_instruction();
                }
            } while (clock::now() < end);
        } else {
            for (int i = 0; i < 100; ++i) {
                if (number_.load(std::memory_order_acquire) != old) return;
                ::sched_yield();
            }
        }
        asleep_ = true;
        while (number_ == old) futex(FUTEX_WAIT_PRIVATE, old);
        asleep_ = false;
    }

private:
    // Not std::atomic's wait, which yields to others before it sleeps.
    void futex(int operation, int value) { ::syscall(SYS_futex, &number_, operation, value, nullptr, nullptr, 0); }

    std::atomic<int> number_{0};
    std::atomic<bool> asleep_{false};
    std::atomic<int> cpu_{::sched_getcpu()};
};

}  // namespace

report atomics_round_trip(const request& asked) {
    baton asking;
    baton answering;
    std::atomic<long> numbers{0};
    std::atomic<bool> ended{false};
    long value = 0;
    std::thread other([&] {
        for (int seen = 0;; ++seen) {
            asking.await_change(seen);
            if (ended) return;
            value = take(numbers);
            answering.pass();
        }
    });
    int answers = 0;
    const auto cross = [&](long count) {
        long sum = 0;
        for (long i = 0; i < count; ++i) {
            asking.pass();
            answering.await_change(answers++);
            sum += value;
        }
        return sum;
    };
    cross(warm_up(asked.count));
    numbers = 0;
    report found;
    const stopwatch time;
    found.checksum = cross(asked.count);
    time.stop(found);
    found.crossings = numbers;
    ended = true;
    asking.pass();
    other.join();
    return found;
}

}  // namespace limits
