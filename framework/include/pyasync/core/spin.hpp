// framework/include/pyasync/core/spin.hpp: waiting for another thread by spinning, where that is cheaper than to sleep.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace pyasync::detail {

/// How long threads spin before they sleep, for the whole process; zero for not at all.
void set_spin_limit(std::chrono::nanoseconds limit) noexcept;

/// One thread's judgement of whether to spin for what others send it.
///
/// A wake-up costs tens of microseconds and two system calls; while one message follows another, spinning meets the
/// next in less than one. It wastes a processor where nothing comes, and where the partner needs this very one. So a
/// thread spins only while its recent waits were short, and only where another thread of the framework was last seen on
/// another processor; and never longer than the limit. On its own thread only.
class spinner {
public:
    using clock = std::chrono::steady_clock;

    spinner() = default;
    spinner(const spinner&) = delete;
    spinner& operator=(const spinner&) = delete;

    /// Spins until `arrived()`, or not at all; false where the thread should go to sleep.
    template <typename Predicate>
    [[nodiscard]] bool wait_for(Predicate&& arrived) noexcept {
        if (!pays()) return false;
        clock::time_point end{};
        for (int looks = 1;; ++looks) {
            if (arrived()) return true;
            pause();
            if (looks % looks_between_looks_at_the_clock != 0) continue;
            const clock::time_point now = clock::now();
            if (end == clock::time_point()) end = now + limit();
            if (now >= end) break;
        }
        slept_in_vain();
        return false;
    }

    /// Spins for `length` at the most, where spinning pays at all; what it finds does not change the judgement.
    template <typename Predicate>
    [[nodiscard]] bool look_for(Predicate&& arrived, std::chrono::nanoseconds length) noexcept {
        if (arrived()) return true;
        if (!pays()) return false;
        for (const clock::time_point end = clock::now() + std::min(length, limit()); clock::now() < end;) {
            if (arrived()) return true;
            pause();
        }
        return false;
    }

    /// Would it spin now?
    [[nodiscard]] bool pays() noexcept;
    [[nodiscard]] static std::chrono::nanoseconds limit() noexcept;

    /// The thread has slept that long until something came.
    void slept(clock::duration length) noexcept { hot_ = length < short_wait; }

    /// It has spun for nothing, or slept and woken for another reason.
    void slept_in_vain() noexcept { hot_ = false; }

private:
    static constexpr int looks_between_looks_at_the_clock = 16;
    static constexpr auto short_wait = std::chrono::microseconds(200);

    static void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        asm volatile("isb" ::: "memory");
#endif
    }

    bool hot_ = false;
};

}  // namespace pyasync::detail
