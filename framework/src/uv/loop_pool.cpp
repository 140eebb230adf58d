// framework/src/uv/loop_pool.cpp: starting the loops once, and stopping them for good.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/loop_pool.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

#include <pyasync/core/fork.hpp>
#include <pyasync/core/root.hpp>
#include <pyasync/uv/task_inquiry.hpp>
#include <pyasync/uv/timer_queue.hpp>

#include "letter.hpp"

namespace pyasync::uv {

using pyasync::detail::delivery;
using pyasync::detail::in_flight;
using pyasync::detail::in_forked_child;
using pyasync::detail::work;

namespace {

/// Asks one loop to cancel all that it runs, and to say when that has ended.
class farewell final : public detail::letter {
public:
    farewell() noexcept : letter(&begin) {}

private:
    static void begin(work& self, delivery how) noexcept {
        if (how == delivery::refused) return answer(self, how);
        self.handle = &answer;
        auto& running = static_cast<farewell&>(self).running();
        running.abandon_if([](in_flight&) { return true; });
        running.notify_when_empty(self);
    }
};

}  // namespace

class loop_pool::state {
public:
    std::mutex mutex;
    std::size_t threads = 1;
    std::vector<std::reference_wrapper<loop>> loops;
    std::atomic<bool> started{false};
    std::atomic<bool> stopping{false};
    std::atomic<bool> stopped{false};
    std::atomic<std::size_t> turn{0};
    std::atomic<std::size_t> chosen{0};

    void start() {
        const std::lock_guard lock(mutex);
        if (started.load(std::memory_order_relaxed)) return;
        pyasync::detail::watch_forks();
        while (loops.size() < threads) loops.emplace_back(*std::make_unique<loop>().release());
        started.store(true, std::memory_order_release);
    }

    /// Throws where nothing may be started any more; starts the loops where nothing has been yet.
    void require_running() {
        if (in_forked_child()) std::rethrow_exception(pyasync::detail::forked_error());
        // What unwinds may start something, but nobody else.
        if (stopped.load(std::memory_order_acquire) ||
            (stopping.load(std::memory_order_relaxed) && loop::current() == nullptr)) {
            std::rethrow_exception(pyasync::detail::stopped_error());
        }
        if (!started.load(std::memory_order_acquire)) start();
    }

    /// How often something has been started.
    [[nodiscard]] std::size_t starts() const noexcept {
        return turn.load(std::memory_order_relaxed) + chosen.load(std::memory_order_relaxed);
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
    pool.require_running();
    const std::size_t count = pool.loops.size();
    return pool.loops[pool.turn.fetch_add(1, std::memory_order_relaxed) % count];
}

std::span<const std::reference_wrapper<loop>> loop_pool::all() {
    state& pool = shared();
    pool.require_running();
    return pool.loops;
}

loop& loop_pool::chosen(loop& one) {
    state& pool = shared();
    pool.require_running();
    pool.chosen.fetch_add(1, std::memory_order_relaxed);
    return one;
}

std::vector<loop*> loop_pool::running() const {
    const state& pool = shared();
    if (!pool.started.load(std::memory_order_acquire) || pool.stopped.load(std::memory_order_acquire)) return {};
    if (in_forked_child()) return {};
    std::vector<loop*> found;
    for (loop& each : pool.loops) found.push_back(&each);
    return found;
}

std::vector<std::source_location> loop_pool::in_flight() const {
    constexpr auto patience = std::chrono::milliseconds(100);
    std::vector<std::source_location> found;
    for (const task_inquiry::reports& tasks : task_inquiry().answers(detail::clock::now() + patience)) {
        if (!tasks) {
            found.emplace_back();
            continue;
        }
        for (const pyasync::detail::task_report& each : *tasks) found.push_back(each.self.started);
    }
    return found;
}

std::vector<std::source_location> loop_pool::stop(std::chrono::milliseconds limit) {
    state& pool = shared();
    if (!pool.started || in_forked_child() || pool.stopped) return {};
    pool.stopping = true;
    const auto end = detail::clock::now() + limit;
    const auto all_empty = [&pool, end] {
        bool all_answered = true;
        for (loop& stopping : pool.loops) {
            const auto message = std::make_shared<farewell>();
            detail::letter::send(message, stopping);
            all_answered = message->answered_until(end) && all_answered;
        }
        return all_answered;
    };
    // What unwinds may start something, on a loop that was empty already: it is over when nothing has been started
    // since before the last round but one. (In that one the starter may have been at it.)
    for (bool quiet = false; !quiet;) {
        const std::size_t before = pool.starts();
        for (int round = 0; round < 2; ++round) {
            if (all_empty()) continue;
            // The last ones may have ended while it was asked who is left.
            if (auto left = in_flight(); !left.empty()) return left;
        }
        quiet = pool.starts() == before;
        if (quiet || detail::clock::now() < end) continue;
        if (auto left = in_flight(); !left.empty()) return left;
        quiet = true;
    }
    pool.stopped = true;
    // They stay, since others may have got one just before, and refuse what comes.
    for (loop& stopping : pool.loops) stopping.stop();
    return {};
}

}  // namespace pyasync::uv
