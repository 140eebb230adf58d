// framework/src/uv/timer_queue.cpp: deadlines over a timerfd.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/timer_queue.hpp>

#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace pyasync::uv::detail {

std::string timer_entry::time_left() const {
    const std::chrono::duration<double> left = std::max(deadline_ - clock::now(), clock::duration::zero());
    constexpr std::size_t enough = 64;
    std::array<char, enough> text{};
    std::snprintf(text.data(), text.size(), "%.3f s left", left.count());
    return text.data();
}

void timer_queue::insert(timer_entry& entry, clock::time_point deadline) {
    entry.deadline_ = deadline;
    entries_.insert(&entry);
    if (deadline < programmed_) program();
}

void timer_queue::remove(timer_entry& entry) noexcept { entries_.erase(&entry); }

void timer_queue::expire() noexcept {
    programmed_ = clock::time_point::max();
    const clock::time_point now = clock::now();
    while (!entries_.empty() && (*entries_.begin())->deadline_ <= now) {
        timer_entry& entry = **entries_.begin();
        entries_.erase(entries_.begin());
        entry.expired();
    }
    if (!entries_.empty()) program();
}

void timer_queue::program() noexcept {
    using std::chrono::nanoseconds;
    using std::chrono::seconds;
    programmed_ = (*entries_.begin())->deadline_;
    // Zero would disarm the timer, so what is due already is due one nanosecond after the clock's epoch.
    const auto at = std::max<nanoseconds>(programmed_.time_since_epoch(), nanoseconds(1));
    const auto whole = std::chrono::duration_cast<seconds>(at);
    itimerspec setting{};
    setting.it_value.tv_sec = whole.count();
    setting.it_value.tv_nsec = (at - whole).count();
    timerfd_settime(descriptor_, TFD_TIMER_ABSTIME, &setting, nullptr);
}

}  // namespace pyasync::uv::detail
