// framework/src/uv/loop_pool.cpp: starting the loops once, and stopping them for good.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/loop_pool.hpp>

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>

#include <pyasync/core/root.hpp>
#include <pyasync/uv/timer_queue.hpp>

namespace pyasync::uv {

using pyasync::detail::delivery;
using pyasync::detail::in_flight;
using pyasync::detail::work;

namespace {

std::atomic<bool> in_forked_child{false};

/// Asks one loop to cancel all that it runs, and to say when that has ended.
class farewell final : work {
public:
    farewell() noexcept : work(&begin) {}

    void send(loop& to) noexcept {
        loop_ = &to;
        to.post(*this);
    }
    [[nodiscard]] bool wait_until(detail::clock::time_point end) {
        std::unique_lock lock(mutex_);
        return ended_.wait_until(lock, end, [this] { return over_; });
    }

private:
    static void begin(work& self, delivery how) noexcept {
        auto& message = static_cast<farewell&>(self);
        if (how == delivery::refused) return finish(self, how);
        message.handle = &finish;
        auto& running = message.loop_->running();
        running.abandon_if([](in_flight&) { return true; });
        running.notify_when_empty(message);
    }
    static void finish(work& self, delivery) noexcept {
        auto& message = static_cast<farewell&>(self);
        const std::lock_guard lock(message.mutex_);
        message.over_ = true;
        message.ended_.notify_all();
    }

    loop* loop_ = nullptr;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool over_ = false;
};

/// Asks a loop that has not come to an end what it is at. A loop whose thread is stuck does not answer.
class inquiry final : work {
public:
    inquiry() noexcept : work(&answer) {}

    [[nodiscard]] bool ask(loop& whom, std::chrono::milliseconds limit, std::vector<std::source_location>& left) {
        loop_ = &whom;
        whom.post(*this);
        std::unique_lock lock(mutex_);
        if (!answered_.wait_for(lock, limit, [this] { return over_; })) return false;
        left.insert(left.end(), found_.begin(), found_.end());
        return true;
    }

private:
    static void answer(work& self, delivery how) noexcept {
        auto& message = static_cast<inquiry&>(self);
        const std::lock_guard lock(message.mutex_);
        if (how == delivery::served) {
            for (in_flight* entry = message.loop_->running().first(); entry != nullptr; entry = entry->next()) {
                message.found_.push_back(entry->where());
            }
        }
        message.over_ = true;
        message.answered_.notify_all();
    }

    loop* loop_ = nullptr;
    std::mutex mutex_;
    std::condition_variable answered_;
    std::vector<std::source_location> found_;
    bool over_ = false;
};

}  // namespace

class loop_pool::state {
public:
    std::mutex mutex;
    std::size_t threads = 1;
    std::vector<loop*> loops;
    std::atomic<bool> started{false};
    std::atomic<bool> stopped{false};
    std::atomic<std::size_t> turn{0};

    void start() {
        const std::lock_guard lock(mutex);
        if (started.load(std::memory_order_relaxed)) return;
        pthread_atfork(nullptr, nullptr, [] { in_forked_child.store(true, std::memory_order_relaxed); });
        while (loops.size() < threads) loops.push_back(std::make_unique<loop>().release());
        started.store(true, std::memory_order_release);
    }
};

// Never destroyed: a loop that did not come to an end must not find its memory gone while the process exits.
loop_pool::state& loop_pool::shared() {
    static auto* const only = new state;
    return *only;
}

loop_pool& loop_pool::instance() {
    static auto* const only = new loop_pool;
    return *only;
}

void loop_pool::configure(std::size_t threads) {
    constexpr std::size_t most = 1024;
    if (threads < 1 || threads > most) {
        throw std::invalid_argument("pyasync: loop_threads must be 1 to 1024, not " + std::to_string(threads));
    }
    state& pool = shared();
    const std::lock_guard lock(pool.mutex);
    if (pool.started && pool.threads != threads) {
        throw std::logic_error("pyasync: " + std::to_string(pool.threads) +
                               " loop threads run already; set loop_threads before the first task starts");
    }
    pool.threads = threads;
}

loop& loop_pool::next() {
    state& pool = shared();
    if (in_forked_child.load(std::memory_order_relaxed)) {
        throw std::runtime_error(
            "pyasync: the libuv loops did not follow into this forked child; use exec or multiprocessing's spawn");
    }
    if (pool.stopped.load(std::memory_order_acquire)) std::rethrow_exception(pyasync::detail::stopped_error());
    if (!pool.started.load(std::memory_order_acquire)) pool.start();
    const std::size_t count = pool.loops.size();
    return *pool.loops[count == 1 ? 0 : pool.turn.fetch_add(1, std::memory_order_relaxed) % count];
}

std::vector<loop*> loop_pool::running() const {
    const state& pool = shared();
    if (!pool.started.load(std::memory_order_acquire) || pool.stopped.load(std::memory_order_acquire)) return {};
    return pool.loops;
}

std::vector<std::source_location> loop_pool::in_flight() const {
    constexpr auto patience = std::chrono::milliseconds(100);
    std::vector<std::source_location> found;
    for (loop* asked : running()) {
        auto question = std::make_unique<inquiry>();
        if (question->ask(*asked, patience, found)) continue;
        found.emplace_back();
        static_cast<void>(question.release());  // it may be answered yet
    }
    return found;
}

std::vector<std::source_location> loop_pool::stop(std::chrono::milliseconds limit) {
    state& pool = shared();
    if (!pool.started || in_forked_child || pool.stopped) return {};
    const auto end = detail::clock::now() + limit;
    bool all_ended = true;
    for (loop* stopping : pool.loops) {
        auto message = std::make_unique<farewell>();
        message->send(*stopping);
        if (message->wait_until(end)) continue;
        all_ended = false;
        static_cast<void>(message.release());  // the loop may come to it yet
    }
    if (!all_ended) return in_flight();
    pool.stopped = true;
    for (loop* stopping : pool.loops) delete stopping;
    return {};
}

}  // namespace pyasync::uv
