// framework/src/core/spin.cpp: who was last seen on which processor.
// SPDX-License-Identifier: MIT
#include <pyasync/core/spin.hpp>

#include <sched.h>

namespace pyasync::detail {
namespace {

constexpr std::chrono::nanoseconds default_limit = std::chrono::microseconds(50);
constexpr std::size_t seats = 64;
constexpr int nobody = -1;

std::atomic<std::int64_t> spin_limit{default_limit.count()};

/// The processor of each spinner; those beyond the last seat never spin.
struct processors {
    processors() noexcept {
        for (auto& seat : of) seat.store(nobody, std::memory_order_relaxed);
    }
    std::array<std::atomic<int>, seats> of;
};

processors& last_seen() noexcept {
    static processors all;
    return all;
}

}  // namespace

void set_spin_limit(std::chrono::nanoseconds limit) noexcept {
    spin_limit.store(limit.count(), std::memory_order_relaxed);
}

std::chrono::nanoseconds spinner::limit() noexcept {
    return std::chrono::nanoseconds(spin_limit.load(std::memory_order_relaxed));
}

spinner::spinner() noexcept : seat_(seats) {
    for (std::size_t i = 0; i < seats; ++i) {
        int free = nobody;
        if (last_seen().of[i].compare_exchange_strong(free, ::sched_getcpu())) {
            seat_ = i;
            return;
        }
    }
}

spinner::~spinner() {
    if (seat_ < seats) last_seen().of[seat_].store(nobody, std::memory_order_relaxed);
}

bool spinner::pays() noexcept {
    if (seat_ == seats) return false;
    const int here = ::sched_getcpu();
    auto& mine = last_seen().of[seat_];
    if (mine.load(std::memory_order_relaxed) != here) mine.store(here, std::memory_order_relaxed);
    if (!hot_ || limit() == std::chrono::nanoseconds::zero()) return false;
    for (std::size_t i = 0; i < seats; ++i) {
        const int there = last_seen().of[i].load(std::memory_order_relaxed);
        if (i != seat_ && there != nobody && there != here) return true;
        if (i != seat_ && there == nobody && i > seat_) return false;  // seats are taken from the first
    }
    return false;
}

}  // namespace pyasync::detail
