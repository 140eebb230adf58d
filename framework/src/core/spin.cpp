// framework/src/core/spin.cpp: who was last seen on which processor.
// SPDX-License-Identifier: MIT
#include <pyasync/core/spin.hpp>

#include <sched.h>

namespace pyasync::detail {
namespace {

std::atomic<std::int64_t> spin_limit{default_spin_limit.count()};

/// Where the threads that wait in this way are, as far as that is known: one seat each, and those beyond the last one
/// never spin. A thread whose messages do not follow one another is away: it may wake up anywhere.
class seat {
public:
    seat() noexcept {
        for (std::size_t i = 0; i < seats && number_ == seats; ++i) {
            int free = nobody;
            if (all().of[i].compare_exchange_strong(free, away)) number_ = i;
        }
        std::size_t used = all().used.load();
        while (number_ < seats && used <= number_ && !all().used.compare_exchange_weak(used, number_ + 1)) {
        }
    }
    seat(const seat&) = delete;
    seat& operator=(const seat&) = delete;
    ~seat() { put(nobody); }

    void leave() const noexcept { put(away); }

    struct neighbours {
        bool elsewhere = false;
        bool here = false;
    };

    /// Notes where this thread is; are there others, on other processors or on this one?
    [[nodiscard]] neighbours look_round() const noexcept {
        neighbours found;
        if (number_ == seats) return found;
        const int here = ::sched_getcpu();
        put(here);
        const std::size_t used = all().used.load(std::memory_order_relaxed);
        for (std::size_t i = 0; i < used && !found.elsewhere; ++i) {
            const int there = all().of[i].load(std::memory_order_relaxed);
            if (i != number_ && there >= 0) (there == here ? found.here : found.elsewhere) = true;
        }
        return found;
    }

private:
    static constexpr std::size_t seats = 64;
    static constexpr int nobody = -1;
    static constexpr int away = -2;

    struct processors {
        processors() noexcept {
            for (auto& one : of) one.store(nobody, std::memory_order_relaxed);
        }
        std::array<std::atomic<int>, seats> of;
        std::atomic<std::size_t> used{0};
    };
    static processors& all() noexcept {
        static processors only;
        return only;
    }

    /// Written where it changes only: others read it all the time.
    void put(int place) const noexcept {
        if (number_ == seats) return;
        auto& mine = all().of[number_];
        if (mine.load(std::memory_order_relaxed) != place) mine.store(place, std::memory_order_relaxed);
    }

    std::size_t number_ = seats;
};

}  // namespace

void set_spin_limit(std::chrono::nanoseconds limit) noexcept {
    spin_limit.store(limit.count(), std::memory_order_relaxed);
}

std::chrono::nanoseconds spinner::limit() noexcept {
    return std::chrono::nanoseconds(spin_limit.load(std::memory_order_relaxed));
}

spinner::place spinner::partner_is() noexcept {
    static thread_local const seat mine;
    if (hot_ && limit() != std::chrono::nanoseconds::zero()) {
        const seat::neighbours others = mine.look_round();
        if (others.elsewhere) return place::elsewhere;
        return others.here ? place::here : place::away;
    }
    mine.leave();
    return place::away;
}

void spinner::give_way() noexcept { ::sched_yield(); }

}  // namespace pyasync::detail
