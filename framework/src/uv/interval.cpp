// framework/src/uv/interval.cpp: when the next tick is due.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/interval.hpp>

#include <algorithm>
#include <stdexcept>

namespace pyasync::uv {

interval::interval(detail::clock::duration period, detail::clock::time_point first, missed_ticks missed, from_ticks)
    : period_(period), next_(first), missed_(missed) {
    if (period <= detail::clock::duration::zero()) {
        throw std::invalid_argument("pyasync: the period of an interval must be longer than nothing");
    }
}

std::uint64_t interval::take(detail::clock::time_point now) noexcept {
    const auto since = std::max(now - next_, detail::clock::duration::zero());
    const auto missed = missed_ == missed_ticks::skip ? since / period_ : 0;
    next_ = (missed_ == missed_ticks::delay ? now : next_ + missed * period_) + period_;
    return static_cast<std::uint64_t>(missed) + 1;
}

namespace detail {

tick_awaiter::tick_awaiter(interval& ticking, pyasync::detail::task_context& context,
                           const std::source_location& where) noexcept
    : deadline_wait("interval", ticking.next_, context, where), ticking_(&ticking) {}

std::uint64_t tick_awaiter::await_resume() const {
    timed_wait::await_resume();
    return ticking_->take(clock::now());
}

}  // namespace detail
}  // namespace pyasync::uv
