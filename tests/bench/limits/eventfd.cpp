// tests/bench/limits/eventfd.cpp: the round trip between two threads that wait in epoll.
// SPDX-License-Identifier: MIT
#include <thread>

#include "limit.hpp"
#include "wake_up.hpp"

namespace limits {

report eventfd_round_trip(const request& asked) {
    wake_up asking;
    wake_up answering;
    std::atomic<long> numbers{0};
    std::atomic<long> value{0};
    std::atomic<bool> ended{false};
    std::thread other([&] {
        while (true) {
            asking.wait();
            if (ended) return;
            value.store(take(numbers), std::memory_order_release);
            answering.signal();
        }
    });
    const auto cross = [&](long count) {
        long sum = 0;
        for (long i = 0; i < count; ++i) {
            asking.signal();
            answering.wait();
            sum += value.load(std::memory_order_acquire);
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
    asking.signal();
    other.join();
    return found;
}

}  // namespace limits
