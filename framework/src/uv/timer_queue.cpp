// framework/src/uv/timer_queue.cpp: deadlines over a timerfd.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/timer_queue.hpp>

#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace pyasync::uv::detail {
namespace {

constexpr std::size_t children = 4;

constexpr std::size_t parent_of(std::size_t place) noexcept { return (place - 1) / children; }

}  // namespace

std::string timer_entry::time_left() const {
    const std::chrono::duration<double> left = std::max(deadline_ - clock::now(), clock::duration::zero());
    constexpr std::size_t enough = 64;
    std::array<char, enough> text{};
    std::snprintf(text.data(), text.size(), "%.3f s left", left.count());
    return text.data();
}

void timer_queue::insert(timer_entry& entry, clock::time_point deadline) {
    slots_.emplace_back();
    entry.deadline_ = deadline;
    rise(slots_.size() - 1, {.deadline = deadline, .turn = turns_++, .entry = &entry});
    if (deadline < programmed_) program();
}

void timer_queue::remove(timer_entry& entry) noexcept {
    if (entry.place_ == timer_entry::nowhere) return;
    const std::size_t free = std::exchange(entry.place_, timer_entry::nowhere);
    const slot last = slots_.back();
    slots_.pop_back();
    if (free == slots_.size()) return;
    if (free != 0 && last.before(slots_[parent_of(free)])) {
        rise(free, last);
    } else {
        sink(free, last);
    }
}

void timer_queue::expire() noexcept {
    programmed_ = clock::time_point::max();
    const clock::time_point now = clock::now();
    while (!slots_.empty() && slots_.front().deadline <= now) {
        timer_entry& entry = *slots_.front().entry;
        remove(entry);
        entry.expired();
    }
    if (!slots_.empty()) program();
}

void timer_queue::put(std::size_t place, const slot& one) noexcept {
    slots_[place] = one;
    one.entry->place_ = place;
}

void timer_queue::rise(std::size_t place, const slot& one) noexcept {
    while (place != 0 && one.before(slots_[parent_of(place)])) {
        put(place, slots_[parent_of(place)]);
        place = parent_of(place);
    }
    put(place, one);
}

void timer_queue::sink(std::size_t place, const slot& one) noexcept {
    const auto earlier = [](const slot& a, const slot& b) noexcept { return a.before(b); };
    for (;;) {
        const std::size_t first = place * children + 1;
        if (first >= slots_.size()) break;
        const auto begin = slots_.begin() + static_cast<std::ptrdiff_t>(first);
        const auto end = slots_.begin() + static_cast<std::ptrdiff_t>(std::min(first + children, slots_.size()));
        const auto child = std::min_element(begin, end, earlier);
        if (!child->before(one)) break;
        put(place, *child);
        place = static_cast<std::size_t>(child - slots_.begin());
    }
    put(place, one);
}

void timer_queue::program() noexcept {
    using std::chrono::nanoseconds;
    using std::chrono::seconds;
    programmed_ = slots_.front().deadline;
    // Zero would disarm the timer, so what is due already is due one nanosecond after the clock's epoch.
    const auto at = std::max<nanoseconds>(programmed_.time_since_epoch(), nanoseconds(1));
    const auto whole = std::chrono::duration_cast<seconds>(at);
    itimerspec setting{};
    setting.it_value.tv_sec = whole.count();
    setting.it_value.tv_nsec = (at - whole).count();
    timerfd_settime(descriptor_, TFD_TIMER_ABSTIME, &setting, nullptr);
}

}  // namespace pyasync::uv::detail
