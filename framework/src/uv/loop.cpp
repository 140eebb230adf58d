// framework/src/uv/loop.cpp: the loop thread: its inbox, its timers, and when it sleeps.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/loop.hpp>

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <thread>

#include <pyasync/core/inbox.hpp>
#include <pyasync/core/outbox.hpp>
#include <pyasync/core/signals.hpp>
#include <pyasync/core/spin.hpp>
#include <pyasync/core/time_slice.hpp>
#include <pyasync/uv/descriptor.hpp>
#include <pyasync/uv/error.hpp>
#include <pyasync/uv/handle.hpp>
#include <pyasync/uv/timer_queue.hpp>

namespace pyasync::uv {

using detail::check;
using pyasync::detail::all_signals_blocked;
using pyasync::detail::delivery;
using pyasync::detail::inbox;
using pyasync::detail::outbox;
using pyasync::detail::refuse;
using pyasync::detail::spinner;
using pyasync::detail::time_slice;
using pyasync::detail::work;
using pyasync::detail::work_chain;
using pyasync::detail::work_queue;

namespace {

/// While messages come one after another, libuv's descriptors are looked at this often.
constexpr auto look_interval = std::chrono::microseconds(50);

/// A descriptor of the kernel that the loop polls.
class polled_descriptor {
public:
    polled_descriptor(uv_loop_t& loop, int descriptor, const char* kind, void* owner, uv_poll_cb callback)
        : descriptor_(check(descriptor < 0 ? -errno : descriptor, kind)) {
        check(uv_poll_init(&loop, &handle_, number()), kind);
        handle_.data = owner;
        const int status = uv_poll_start(&handle_, UV_READABLE, callback);
        if (status < 0) close_now();
        check(status, kind);
    }
    polled_descriptor(const polled_descriptor&) = delete;
    polled_descriptor& operator=(const polled_descriptor&) = delete;
    ~polled_descriptor() {
        // Where the loop never ran: something that it needs could not be had.
        if (uv_is_closing(reinterpret_cast<uv_handle_t*>(&handle_)) == 0) close_now();
    }

    /// From now on it is reported once for each signal, not for as long as it is readable, so that nobody needs to
    /// clear it: a system call less for each wake-up. (libuv has no such mode; the registration is its own, once it has
    /// polled.)
    void report_changes_only() noexcept {
        uv_run(handle_.loop, UV_RUN_NOWAIT);
        epoll_event wanted{};
        wanted.events = EPOLLIN | EPOLLET;
        wanted.data.fd = number();
        changes_only_ = ::epoll_ctl(uv_backend_fd(handle_.loop), EPOLL_CTL_MOD, number(), &wanted) == 0;
    }

    /// Takes the count away that made the descriptor readable, where that has to be done.
    void clear() const noexcept {
        if (changes_only_) return;
        std::uint64_t count = 0;
        while (::read(number(), &count, sizeof count) < 0 && errno == EINTR) {
        }
    }
    void signal() const noexcept {
        const std::uint64_t one = 1;
        while (::write(number(), &one, sizeof one) < 0 && errno == EINTR) {
        }
    }
    [[nodiscard]] int number() const noexcept { return descriptor_.number(); }

private:
    void close_now() noexcept {
        uv_close(reinterpret_cast<uv_handle_t*>(&handle_), nullptr);
        uv_run(handle_.loop, UV_RUN_NOWAIT);
    }

    detail::descriptor descriptor_;
    bool changes_only_ = false;
    uv_poll_t handle_{};
};

/// libuv's loop, closed last, when its handles are gone.
struct raw_loop {
    raw_loop() { check(uv_loop_init(&value), "uv_loop_init"); }
    raw_loop(const raw_loop&) = delete;
    raw_loop& operator=(const raw_loop&) = delete;
    ~raw_loop() { uv_loop_close(&value); }
    uv_loop_t value{};
};

}  // namespace

class loop::state {
public:
    explicit state(loop& owner) : owner_(owner) {
        const all_signals_blocked for_the_new_thread;
        thread_ = std::thread([this] { run(); });
    }
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    ~state() { finish(); }

    void stop() noexcept {
        if (!thread_.joinable()) return;
        work_queue refused = inbox_.close();
        stopping_.store(true, std::memory_order_release);
        wake_.signal();
        thread_.join();
        refused.append(std::move(ready_));
        refuse(std::move(refused));
    }

    /// Also what its end has not waited for, which may refer to the loop.
    void finish() noexcept {
        stop();
        uv_run(&raw.value, UV_RUN_DEFAULT);
    }

    void post(work& item) noexcept {
        if (is_current()) {
            ready_.push(item);
        } else if (outbox* const gathering = outbox::current()) {
            gathering->post(owner_, item);
        } else {
            post_all(work_chain(item));
        }
    }

    void post_all(work_chain&& items) noexcept {
        switch (inbox_.push(items)) {
            case inbox::pushed::queued:
                break;
            case inbox::pushed::wake:
                wake_.signal();
                break;
            case inbox::pushed::closed:
                refuse(items.take());
                break;
        }
    }

    [[nodiscard]] bool is_current() const noexcept { return current == &owner_; }

    void stay_awake() noexcept {
        if (inbox_.sleeps()) static_cast<void>(inbox_.awake());
    }

    inline static thread_local loop* current = nullptr;

    raw_loop raw;

private:
    void run() noexcept {
        pthread_setname_np(pthread_self(), "pyasync-uv");  // as debuggers and profilers show it
        current = &owner_;
        wake_.report_changes_only();
        spinner for_answers;
        spinner for_anything;
        auto last_look = detail::clock::now();
        while (!stopping_.load(std::memory_order_acquire)) {
            serve(ready_);
            // Who has sent nothing is not about to hear of it: then the next thing that comes may well be libuv's.
            spinner& waiting = inbox::has_pushed() ? for_answers : for_anything;
            const bool more = !ready_.empty() || waiting.wait_for([this] { return !inbox_.empty(); });
            const auto now = detail::clock::now();
            if (more || !inbox_.sleep()) {
                // libuv's look at its descriptors is a system call: not for every message.
                if (now - last_look >= look_interval) {
                    run_libuv(UV_RUN_NOWAIT);
                    last_look = now;
                }
            } else {
                is_sent_for_ = false;
                run_libuv(UV_RUN_ONCE);
                last_look = detail::clock::now();
                is_sent_for_ && !inbox_.empty() ? waiting.slept(last_look - now) : waiting.slept_in_vain();
            }
            ready_.append(inbox_.take());
        }
        handles.close_all();
        uv_walk(&raw.value, &close_handle, nullptr);
        do {
            uv_run(&raw.value, UV_RUN_NOWAIT);
        } while (has_handles());
        while (raw.value.active_reqs.count > late_requests) uv_run(&raw.value, UV_RUN_ONCE);
        current = nullptr;
    }

    /// Serves these items for the length of a slice.
    void serve(work_queue& items) noexcept {
        if (items.empty()) return;
        const outbox gathering;
        slice_.begin();
        do {
            work& item = items.pop();
            item.handle(item, delivery::served);
        } while (!items.empty() && !slice_.is_over());
    }

    /// libuv's turn. Whom its callbacks wake does not stand in line behind what was ready before, which may be much;
    /// but that has its turn, too, where they are many.
    void run_libuv(uv_run_mode mode) noexcept {
        work_queue before(std::move(ready_));
        uv_run(&raw.value, mode);
        if (before.empty()) return;
        work_queue woken(std::move(ready_));
        ready_.append(std::move(before));
        serve(woken);
        ready_.append(std::move(woken));
    }

    static void close_handle(uv_handle_t* handle, void*) noexcept {
        if (uv_is_closing(handle) == 0) uv_close(handle, nullptr);
    }
    [[nodiscard]] bool has_handles() noexcept {
        bool any = false;
        uv_walk(&raw.value, [](uv_handle_t*, void* found) noexcept { *static_cast<bool*>(found) = true; }, &any);
        return any;
    }
    static void woken(uv_poll_t* handle, int, int) noexcept {
        auto& self = *static_cast<state*>(handle->data);
        self.wake_.clear();
        self.is_sent_for_ = true;
    }
    static void timer_fired(uv_poll_t* handle, int, int) noexcept {
        auto& self = *static_cast<state*>(handle->data);
        self.timer_.clear();
        self.stay_awake();
        self.timers.expire();
    }

    loop& owner_;
    inbox inbox_;
    work_queue ready_;
    time_slice slice_;
    bool is_sent_for_ = false;  ///< it is a message that has woken the thread
    std::atomic<bool> stopping_{false};
    polled_descriptor wake_{raw.value, ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd", this, &woken};
    polled_descriptor timer_{raw.value, ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create",
                             this, &timer_fired};
    std::thread thread_;

public:
    detail::timer_queue timers{timer_.number()};
    detail::open_handles handles;
    std::array<char, 65536> scratch;
    unsigned late_requests = 0;
};

loop::loop() : state_(std::make_unique<state>(*this)) {}
loop::~loop() { state_->finish(); }

void loop::stop() noexcept { state_->stop(); }

void loop::post(work& item) noexcept { state_->post(item); }
void loop::stay_awake() noexcept { state_->stay_awake(); }
void loop::post_all(work_chain&& items) noexcept { state_->post_all(std::move(items)); }
bool loop::is_current() const noexcept { return state_->is_current(); }
uv_loop_s* loop::raw() noexcept { return &state_->raw.value; }
loop* loop::current() noexcept { return state::current; }
detail::timer_queue& loop::timers() noexcept { return state_->timers; }
mutable_buffer loop::scratch() noexcept { return state_->scratch; }
detail::open_handles& loop::handles() noexcept { return state_->handles; }
unsigned& loop::late_requests() noexcept { return state_->late_requests; }

}  // namespace pyasync::uv
