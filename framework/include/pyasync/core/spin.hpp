// framework/include/pyasync/core/spin.hpp: waiting for another thread awake, where that is cheaper than to sleep.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace pyasync::detail {

/// Who says nothing has this limit.
inline constexpr std::chrono::nanoseconds default_spin_limit = std::chrono::microseconds(100);

/// How long threads spin before they sleep, for the whole process; zero for not at all.
void set_spin_limit(std::chrono::nanoseconds limit) noexcept;

/// One thread's judgement of whether to spin for what others send it.
///
/// A wake-up costs tens of microseconds and two system calls; while one message follows another, spinning meets the
/// next in less than one. It wastes a processor where nothing comes, and where the partner needs this very one. So a
/// thread spins only while its recent waits were short, and only where another thread of the framework was last seen on
/// another processor; and never longer than the limit. A partner on this very processor is given it, a few times
/// (`sched_yield`): that costs one switch of threads each way, and no wake-up. Where somebody else takes the processor
/// meanwhile, which can last milliseconds, that is not done for a while. On its own thread only.
class spinner {
public:
    using clock = std::chrono::steady_clock;

    spinner() = default;
    spinner(const spinner&) = delete;
    spinner& operator=(const spinner&) = delete;

    /// Stays awake until `arrived()`, or not at all; false where the thread should go to sleep.
    template <typename Predicate>
    [[nodiscard]] bool wait_for(Predicate&& arrived) noexcept {
        if (const auto found = found_without_spinning(arrived)) return *found;
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
        if (const auto found = found_without_spinning(arrived)) return *found;
        for (const clock::time_point end = clock::now() + std::min(length, limit()); clock::now() < end;) {
            if (arrived()) return true;
            pause();
        }
        return false;
    }

    /// Would it stay awake now?
    [[nodiscard]] bool pays() noexcept { return partner_is() != place::away; }
    [[nodiscard]] static std::chrono::nanoseconds limit() noexcept;

    /// The thread has slept that long until something came.
    void slept(clock::duration length) noexcept { hot_ = length < short_wait; }

    /// It has spun for nothing, or slept and woken for another reason.
    void slept_in_vain() noexcept { hot_ = false; }

private:
    /// Where the partner is that messages come from: nowhere near, on another processor, or on this one.
    enum class place { away, elsewhere, here };
    [[nodiscard]] place partner_is() noexcept;

    /// Where spinning is of no use: what there is without it.
    template <typename Predicate>
    [[nodiscard]] std::optional<bool> found_without_spinning(Predicate&& arrived) noexcept {
        switch (partner_is()) {
            case place::away:
                return false;
            case place::here:
                return give_way_until(arrived);
            case place::elsewhere:
                break;
        }
        return std::nullopt;
    }

    template <typename Predicate>
    [[nodiscard]] bool give_way_until(Predicate&& arrived) noexcept {
        for (int i = 0; i < most_yields; ++i) {
            if (arrived()) return true;
            const clock::time_point before = clock::now();
            if (before < distrusts_until_) return false;
            give_way();
            const bool has_arrived = arrived();
            if (const auto now = clock::now(); now - before > (has_arrived ? long_slice : short_wait)) distrust(now);
            if (has_arrived) return true;
        }
        return false;
    }
    static void give_way() noexcept;
    /// Somebody else has had the processor.
    void distrust(clock::time_point now) noexcept {
        distrust_ =
            now - distrusts_until_ > longest_distrust ? shortest_distrust : std::min(2 * distrust_, longest_distrust);
        distrusts_until_ = now + distrust_;
    }

    static constexpr int looks_between_looks_at_the_clock = 16;
    static constexpr int most_yields = 3;
    static constexpr clock::duration short_wait = std::chrono::microseconds(200);
    /// More than a partner works at a time.
    static constexpr clock::duration long_slice = std::chrono::milliseconds(3);
    static constexpr clock::duration shortest_distrust = std::chrono::milliseconds(10);
    static constexpr clock::duration longest_distrust = std::chrono::seconds(1);

    static void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        asm volatile("isb" ::: "memory");
#endif
    }

    bool hot_ = false;
    clock::duration distrust_ = shortest_distrust;
    clock::time_point distrusts_until_{};
};

}  // namespace pyasync::detail
