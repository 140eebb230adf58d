// framework/include/pyasync/core/time_slice.hpp: how long a thread serves its inbox before others have their turn.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>

namespace pyasync::detail {

/// A thread serves what it has been sent for two milliseconds, and for the item that it is at then; after that its
/// loop's own callbacks, timers and descriptors have their turn.
///
/// The clock is looked at after each sixteenth item, since a look costs a tenth of a short one; where items were seen
/// to take long, after each.
class time_slice {
public:
    using clock = std::chrono::steady_clock;

    /// A new one, which is over at `limit` where that comes first. It lasts from the first look at the clock.
    void begin(clock::time_point limit = clock::time_point::max()) noexcept {
        limit_ = limit;
        begun_ = false;
        served_ = 0;
    }

    /// One more item has been served: is it over?
    [[nodiscard]] bool is_over() noexcept { return ++served_ >= items_between_looks_ && look(); }

private:
    static constexpr auto length = std::chrono::milliseconds(2);
    static constexpr auto long_time = length / 16;
    static constexpr int most_between_looks = 16;

    [[nodiscard]] bool look() noexcept {
        const auto now = clock::now();
        served_ = 0;
        if (!begun_) {
            begun_ = true;
            limit_ = std::min(limit_, now + length);
        } else if (now - looked_at_ > long_time) {
            items_between_looks_ = 1;
        } else {
            items_between_looks_ = std::min(2 * items_between_looks_, most_between_looks);
        }
        looked_at_ = now;
        return now >= limit_;
    }

    clock::time_point limit_;
    clock::time_point looked_at_;
    bool begun_ = false;
    int served_ = 0;
    int items_between_looks_ = 1;
};

}  // namespace pyasync::detail
