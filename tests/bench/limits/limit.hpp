// tests/bench/limits/limit.hpp: one limit of the program: how it is called, what it reports, and all there are.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <system_error>

namespace limits {

/// What the command line asks for.
struct request {
    long count = 0;
    long in_flight = 1000;
};

/// What goes into the line of JSON. `crossings` are counted by the other side.
struct report {
    long crossings = 0;
    long checksum = 0;
    double seconds = 0;
    double cpu_seconds = 0;
    std::map<std::string, double> values;
};

/// A tenth, at least one, in whole batches.
[[nodiscard]] constexpr long warm_up(long count, long batch = 1) {
    const long least = count / 10 > 0 ? count / 10 : 1;
    return (least + batch - 1) / batch * batch;
}

/// The next number of a counter that has one writer: what a crossing does on the other side, and no atomic arithmetic.
inline long take(std::atomic<long>& numbers) {
    const long number = numbers.load(std::memory_order_relaxed) + 1;
    numbers.store(number, std::memory_order_relaxed);
    return number;
}

/// The value of a system call; throws where it is negative.
template <typename Number>
Number checked(Number value, const char* what) {
    if (value < 0) throw std::system_error(errno, std::system_category(), what);
    return value;
}

/// Wall time and CPU time since it was made.
class stopwatch {
public:
    void stop(report& into) const {
        into.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
        into.cpu_seconds = cpu() - cpu_;
    }

private:
    static double cpu() {
        rusage used{};
        ::getrusage(RUSAGE_SELF, &used);
        return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
    }

    double cpu_ = cpu();
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// A thread waits in epoll on an eventfd, takes a number, and writes to the eventfd on which the other waits in the
/// same way.
report eventfd_round_trip(const request& asked);

/// Two threads hand a number over in an atomic. Both spin for 50 us with pause instructions, then wait on a futex;
/// while they share a CPU they give it to each other with sched_yield instead.
report atomics_round_trip(const request& asked);

/// Two libuv loops wake each other with uv_async_send.
report libuv_async_round_trip(const request& asked);

/// Two libuv loops wake each other with an eventfd that each polls with uv_poll.
report libuv_poll_round_trip(const request& asked);

/// A timer of libuv's own, beside a thread that computes.
report libuv_timers(const request& asked);

/// The same with a timerfd that libuv polls.
report libuv_timerfd(const request& asked);

/// While many timers of libuv's own wait, one of them is stopped and started anew, time after time.
report libuv_many_timers(const request& asked);

/// A Python loop calls a C function.
report c_call_from_python(const request& asked);

/// A C loop calls a Python function.
report python_call_from_c(const request& asked);

/// Without an event loop, a thread asks for a batch with an eventfd; the Python thread, which waits in epoll and holds
/// the GIL once for all of them, calls scenario.nop() for each, sends to the coroutine, and answers with an eventfd.
report python_batches(const request& asked);

}  // namespace limits
