// framework/src/testing/time_limit.cpp: telling, interrupting and, at last, aborting a case that does not end.
// SPDX-License-Identifier: MIT
#include "time_limit.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <thread>

#include <pyasync/core/signals.hpp>
#include <pyasync/dump_tasks.hpp>
#include <pyasync/py/convert.hpp>

namespace pyasync::testing::detail {
namespace {

using clock = std::chrono::steady_clock;
using pyasync::detail::asyncio_inbox;
using pyasync::detail::delivery;
using pyasync::detail::ref;

/// Whoever runs an event loop comes back to it within that time.
constexpr auto patience = std::chrono::seconds(1);
/// The stacks of Python's threads are printed that long after the line that announces them, and after the tree of tasks,
/// for which the loops are waited for.
constexpr auto after_the_announcement = std::chrono::milliseconds(400);

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

void print_tasks() {
    fmt::print(stderr, "{}", dump_tasks());
    std::fflush(stderr);
}

}  // namespace

class time_limit::state {
public:
    state(plan given, const py::bound& event_loop, asyncio_inbox& inbox, const py::bound& python_tools)
        : how(std::move(given)),
          loop(event_loop.ptr()),
          tools(python_tools.ptr()),
          to_loop(ref<asyncio_inbox>::share(&inbox)) {}

    /// The thread.
    static void watch(const std::shared_ptr<state>& self);

    const plan how;
    PyObject* const loop;   ///< borrowed: the case has it as long as it is not disarmed
    PyObject* const tools;  ///< borrowed, as well
    const ref<asyncio_inbox> to_loop;
    const ::pthread_t main_thread = ::pthread_self();

    std::mutex mutex;
    std::condition_variable changed;
    clock::time_point deadline{};
    bool disarmed = false;
    bool struck = false;
    bool answered = false;
    bool cleaning_up = false;

private:
    using lock_type = std::unique_lock<std::mutex>;
    /// Waits; false where there is nothing to watch over any more.
    [[nodiscard]] bool deadline_passes(lock_type& lock);
    void interrupt(lock_type& lock);
};

/// The message to the asyncio thread.
class time_limit::notice final : public pyasync::detail::ref_counted, public pyasync::detail::work {
public:
    explicit notice(std::shared_ptr<state> about) noexcept : work(&arrive), state_(std::move(about)) {}

private:
    static void arrive(work& self, delivery how) noexcept {
        const auto message = ref<notice>::adopt(&static_cast<notice&>(self));
        state& about = *message->state_;
        {
            const std::lock_guard lock(about.mutex);
            about.answered = true;
            about.changed.notify_all();
            if (how == delivery::refused || about.disarmed || about.cleaning_up) return;
        }
        const py::python py = py::detail::token_maker::make();
        const py::bound loop = py::bound::borrow(py, about.loop);
        try {
            const py::bound tools = py::bound::borrow(py, about.tools);
            tools.attr("denounce")();
            tools.attr("print_threads")();
            loop.call_method("stop");
        } catch (const py::python_error& error) {
            py::detail::set_raised(error.value().bind(py));
            PyErr_WriteUnraisable(loop.ptr());
        }
    }

    std::shared_ptr<state> state_;
};

bool time_limit::state::deadline_passes(lock_type& lock) {
    while (!disarmed && clock::now() < deadline) changed.wait_until(lock, deadline);
    return !disarmed;
}

void time_limit::state::watch(const std::shared_ptr<state>& self) {
    // Signals are the main thread's.
    const sigset_t signals = pyasync::detail::signals_of_others();
    pthread_sigmask(SIG_SETMASK, &signals, nullptr);
    state& mine = *self;
    lock_type lock(mine.mutex);
    if (!mine.deadline_passes(lock)) return;
    if (!mine.cleaning_up) {
        mine.struck = true;
        fmt::print(stderr, "pyasync: {}: not ended within {} s. What runs or waits:\n", mine.how.name,
                   seconds(*mine.how.limit));
        const auto end = clock::now() + patience;
        lock.unlock();
        print_tasks();  // not from the asyncio thread, which may be blocked
        mine.to_loop->post(*pyasync::detail::make_ref<notice>(self).leak());
        lock.lock();
        mine.changed.wait_until(lock, end, [&mine] { return mine.answered || mine.disarmed; });
        if (mine.answered) {
            mine.deadline = clock::now() + mine.how.grace;
            if (!mine.deadline_passes(lock)) return;
        }
    }
    if (!mine.disarmed) mine.interrupt(lock);
}

void time_limit::state::interrupt(lock_type& lock) {
    fmt::print(stderr, "pyasync: {}: the main thread does not come back to its event loop{}. What Python is at:\n",
               how.name, cleaning_up ? " while the case is cleaned up" : "");
    if (cleaning_up) {
        lock.unlock();
        print_tasks();
        lock.lock();
    }
    std::fflush(stderr);
    // The stacks of Python's threads follow: faulthandler has a time of its own for them.
    if (changed.wait_for(lock, 2 * after_the_announcement, [this] { return disarmed; })) return;
    if (how.interruptible) ::pthread_kill(main_thread, SIGALRM);
    if (changed.wait_for(lock, how.grace, [this] { return disarmed; })) return;
    fmt::print(stderr, "pyasync: {}: the main thread cannot be interrupted: the process is aborted\n", how.name);
    std::fflush(nullptr);
    ::pthread_kill(main_thread, SIGABRT);
}

time_limit::time_limit(plan how, const py::bound& loop, asyncio_inbox& inbox, const py::bound& tools)
    : tools_(tools), state_(std::make_shared<state>(std::move(how), loop, inbox, tools)) {
    if (!state_->how.limit) return;
    state_->deadline = clock::now() + *state_->how.limit;
    tools_.attr("announce")(seconds(*state_->how.limit + patience + after_the_announcement));
    thread_ = std::thread(&state::watch, state_);
}

time_limit::~time_limit() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(state_->mutex);
        state_->disarmed = true;
        state_->changed.notify_all();
    }
    thread_.join();
    try {
        tools_.attr("denounce")();
    } catch (const py::python_error&) {
        // There is nothing to take back.
    }
}

bool time_limit::struck() const {
    const std::lock_guard lock(state_->mutex);
    return state_->struck;
}

void time_limit::clean_up_begins() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(state_->mutex);
        state_->cleaning_up = true;
        state_->deadline = clock::now() + state_->how.grace;
        state_->changed.notify_all();
    }
    tools_.attr("announce")(seconds(state_->how.grace + after_the_announcement));
}

}  // namespace pyasync::testing::detail
