// framework/src/bounded.hpp: limits of time that can be reckoned with.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>

namespace pyasync::detail {

/// A year is for ever, less than nothing is nothing: "now and that long" has to be a time.
[[nodiscard]] constexpr std::chrono::milliseconds bounded(std::chrono::milliseconds limit) {
    constexpr int days_of_a_year = 365;
    return std::clamp<std::chrono::milliseconds>(limit, std::chrono::milliseconds::zero(),
                                                 std::chrono::days(days_of_a_year));
}

}  // namespace pyasync::detail
