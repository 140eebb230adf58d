// framework/include/pyasync/uv/duration.hpp: lengths of time as the loops' timers count them.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include <pyasync/uv/timer_queue.hpp>

namespace pyasync::uv::detail {

/// Never shorter, and a hundred years at the most; zero for what is less than that, or no number.
template <typename Rep, typename Period>
[[nodiscard]] clock::duration in_clock_ticks(std::chrono::duration<Rep, Period> length) noexcept {
    using namespace std::chrono;
    // Compared as doubles: years of seconds in nanoseconds would overflow, and not-a-number is no time at all.
    constexpr auto longest = duration<double>(hours(24 * 365 * 100));
    const duration<double> seconds = length;
    if (!(seconds > duration<double>::zero())) return clock::duration::zero();
    return seconds < longest ? ceil<clock::duration>(length) : duration_cast<clock::duration>(longest);
}

}  // namespace pyasync::uv::detail
