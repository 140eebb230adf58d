// tests/bench/limits/libuv.cpp: the round trip between two libuv loops.
// SPDX-License-Identifier: MIT
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

#include <cstdint>
#include <thread>

#include "limit.hpp"

namespace limits {
namespace {

int succeed(int status, const char* what) {
    if (status < 0) throw std::system_error(-status, std::system_category(), what);
    return status;
}

/// A loop that calls `received` each time that another thread has called `signal`, by an uv_async_t.
struct async_end {
    uv_loop_t loop{};
    uv_async_t handle{};
    void (*received)(async_end&) = nullptr;
    void* context = nullptr;

    async_end() {
        succeed(uv_loop_init(&loop), "uv_loop_init");
        const auto call = [](uv_async_t* async) {
            auto& self = *static_cast<async_end*>(async->data);
            self.received(self);
        };
        succeed(uv_async_init(&loop, &handle, call), "uv_async_init");
        handle.data = this;
    }

    void signal() { succeed(uv_async_send(&handle), "uv_async_send"); }
    void close() { uv_close(reinterpret_cast<uv_handle_t*>(&handle), nullptr); }
    void release() { uv_loop_close(&loop); }
};

/// The same with an eventfd and an uv_poll_t.
struct poll_end {
    uv_loop_t loop{};
    uv_poll_t handle{};
    int event = checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
    void (*received)(poll_end&) = nullptr;
    void* context = nullptr;

    poll_end() {
        succeed(uv_loop_init(&loop), "uv_loop_init");
        succeed(uv_poll_init(&loop, &handle, event), "uv_poll_init");
        handle.data = this;
        const auto call = [](uv_poll_t* poll, int, int) {
            auto& self = *static_cast<poll_end*>(poll->data);
            std::uint64_t signals = 0;
            if (::read(self.event, &signals, sizeof signals) > 0) self.received(self);
        };
        succeed(uv_poll_start(&handle, UV_READABLE, call), "uv_poll_start");
    }

    void signal() const {
        const std::uint64_t one = 1;
        checked(::write(event, &one, sizeof one), "write to an eventfd");
    }
    void close() { uv_close(reinterpret_cast<uv_handle_t*>(&handle), nullptr); }
    void release() {
        uv_loop_close(&loop);
        ::close(event);
    }
};

/// Runs one loop here and the other on a thread of its own; each callback wakes the other loop.
template <typename End>
struct round_trip {
    End here;
    End there;
    std::atomic<long> numbers{0};
    std::atomic<long> value{0};
    std::atomic<bool> ended{false};
    long left = 0;
    long sum = 0;

    round_trip() {
        here.context = there.context = this;
        there.received = [](End& end) {
            auto& self = *static_cast<round_trip*>(end.context);
            if (self.ended) {
                end.close();
                return;
            }
            self.value.store(take(self.numbers), std::memory_order_release);
            self.here.signal();
        };
        here.received = [](End& end) {
            auto& self = *static_cast<round_trip*>(end.context);
            self.sum += self.value.load(std::memory_order_acquire);
            if (--self.left == 0) {
                uv_stop(&end.loop);
            } else {
                self.there.signal();
            }
        };
    }

    long cross(long count) {
        left = count;
        sum = 0;
        there.signal();
        uv_run(&here.loop, UV_RUN_DEFAULT);
        return sum;
    }

    report measure(const request& asked) {
        std::thread other([this] { uv_run(&there.loop, UV_RUN_DEFAULT); });
        cross(warm_up(asked.count));
        numbers = 0;
        report found;
        const stopwatch time;
        found.checksum = cross(asked.count);
        time.stop(found);
        found.crossings = numbers;
        ended = true;
        there.signal();
        other.join();
        here.close();
        uv_run(&here.loop, UV_RUN_DEFAULT);
        here.release();
        there.release();
        return found;
    }
};

}  // namespace

report libuv_async_round_trip(const request& asked) { return round_trip<async_end>().measure(asked); }

report libuv_poll_round_trip(const request& asked) { return round_trip<poll_end>().measure(asked); }

}  // namespace limits
