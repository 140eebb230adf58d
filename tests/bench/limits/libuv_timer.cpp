// tests/bench/limits/libuv_timer.cpp: how late a 1 ms timer of libuv alone is, beside a thread that computes.
// SPDX-License-Identifier: MIT
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <thread>
#include <vector>

#include "limit.hpp"

namespace limits {
namespace {

using clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds length(1);

/// Computes as long as it lives, as the Python thread does in the programs that are compared.
class burner {
public:
    burner() = default;
    burner(const burner&) = delete;
    burner& operator=(const burner&) = delete;
    ~burner() {
        stopped_ = true;
        thread_.join();
    }

private:
    std::atomic<bool> stopped_{false};
    std::thread thread_{[this] {
        while (!stopped_.load(std::memory_order_relaxed)) continue;
    }};
};

/// A loop on a thread of its own, and timers on it, one after another.
class timers {
public:
    timers() { checked(uv_loop_init(&loop_), "uv_loop_init"); }
    timers(const timers&) = delete;
    timers& operator=(const timers&) = delete;
    virtual ~timers() { uv_loop_close(&loop_); }

    /// How late each of them was, in seconds.
    std::vector<double> lateness(long count) {
        late_.clear();
        left_ = count;
        std::thread([this] {
            start();
            uv_run(&loop_, UV_RUN_DEFAULT);
        }).join();
        return late_;
    }

protected:
    virtual void arm() = 0;
    virtual void close() = 0;

    void start() {
        due_ = clock::now() + length;
        arm();
    }
    void fired() {
        late_.push_back(std::chrono::duration<double>(clock::now() - due_).count());
        --left_ > 0 ? start() : close();
    }

    uv_loop_t loop_{};

private:
    clock::time_point due_;
    long left_ = 0;
    std::vector<double> late_;
};

/// By libuv's own timers, which count in milliseconds.
class own_timers final : public timers {
    void arm() override {
        uv_timer_init(&loop_, &handle_);
        handle_.data = this;
        uv_update_time(&loop_);
        const auto call = [](uv_timer_t* timer) { static_cast<own_timers*>(timer->data)->fired(); };
        uv_timer_start(&handle_, call, length.count(), 0);
    }
    void close() override { uv_close(reinterpret_cast<uv_handle_t*>(&handle_), nullptr); }

    uv_timer_t handle_{};
};

/// By a timerfd that libuv polls.
class descriptor_timers final : public timers {
public:
    ~descriptor_timers() override { ::close(descriptor_); }

private:
    void arm() override {
        if (handle_.data == nullptr) {
            uv_poll_init(&loop_, &handle_, descriptor_);
            handle_.data = this;
            const auto call = [](uv_poll_t* poll, int, int) {
                auto& self = *static_cast<descriptor_timers*>(poll->data);
                std::uint64_t times = 0;
                if (::read(self.descriptor_, &times, sizeof times) > 0) self.fired();
            };
            uv_poll_start(&handle_, UV_READABLE, call);
        }
        itimerspec setting{};
        setting.it_value.tv_nsec = std::chrono::nanoseconds(length).count();
        timerfd_settime(descriptor_, 0, &setting, nullptr);
    }
    void close() override {
        uv_close(reinterpret_cast<uv_handle_t*>(&handle_), [](uv_handle_t* closed) { closed->data = nullptr; });
    }

    const int descriptor_ = checked(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create");
    uv_poll_t handle_{};
};

/// As scenario.percentile() has it: the smallest that so many percent do not exceed.
double percentile_us(const std::vector<double>& ordered, double percent) {
    const auto rank = static_cast<std::size_t>(std::ceil(static_cast<double>(ordered.size()) * percent / 100));
    return ordered[std::max<std::size_t>(rank, 1) - 1] * 1e6;
}

template <typename Timers>
report measure(const request& asked) {
    constexpr long least_warm_up = 20;
    constexpr double p50 = 50;
    constexpr double p99 = 99;
    Timers timers;
    const burner beside;
    timers.lateness(std::max(warm_up(asked.count), least_warm_up));
    report found;
    const stopwatch time;
    std::vector<double> late = timers.lateness(asked.count);
    time.stop(found);
    std::sort(late.begin(), late.end());
    found.values = {{"p50_us", percentile_us(late, p50)}, {"p99_us", percentile_us(late, p99)}};
    return found;
}

}  // namespace

report libuv_timers(const request& asked) { return measure<own_timers>(asked); }

report libuv_timerfd(const request& asked) { return measure<descriptor_timers>(asked); }

}  // namespace limits
