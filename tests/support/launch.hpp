// tests/support/launch.hpp: starting root tasks in tests, and taking what they end with.
// SPDX-License-Identifier: MIT
#pragma once

#include <source_location>
#include <stdexcept>
#include <utility>
#include <vector>

#include <pyasync/core/future.hpp>
#include <pyasync/core/root.hpp>
#include <pyasync/core/task.hpp>
#include "support/manual_executor.hpp"

namespace pyasync::test {

/// Starts a task on an executor, as `pyasync::spawn` does on the pool.
template <typename T>
[[nodiscard]] future<T> launch(task<T> body, detail::executor& home, detail::locals_ref locals = {},
                               const std::source_location& where = std::source_location::current()) {
    return future<T>(detail::root<T>::launch(std::move(body), home, std::move(locals), where));
}

/// Starts a task on this thread, up to its first wait, which begins at home: as Python does with `inline_start`.
template <typename T>
[[nodiscard]] future<T> launch_away(task<T> body, detail::executor& home,
                                    const std::source_location& where = std::source_location::current()) {
    auto started = detail::root<T>::launch_here(std::move(body), home, [] { return detail::locals_ref(); }, where);
    if (!started->done()) started->go_home();
    return future<T>(std::move(started));
}

/// Keeps hold of a task that never continues, since its loop has stopped: it is not lost, but meant to stay.
template <typename T>
void leave_behind(future<T> stopped) {
    static auto* const left = new std::vector<future<T>>;
    left->push_back(std::move(stopped));
}

/// What a future has ended with: its value, or its exception, thrown.
template <typename T>
T outcome_of(future<T> ended) {
    const auto state = std::move(ended).release();
    if (!state->done()) throw std::logic_error("the operation has not ended");
    static_cast<void>(state->take_trail());  // it, too, holds on to the exception
    if (state->outcome.failed()) std::rethrow_exception(state->outcome.take_error());
    return state->outcome.take();
}

/// Blocks this thread until a future has ended, and takes what it ended with.
template <typename T>
T wait_for(future<T> running) {
    struct arrival final : detail::work {
        arrival() noexcept : work(&arrive) {}
        static void arrive(work& self, detail::delivery) noexcept { static_cast<arrival&>(self).come = true; }
        bool come = false;
    };
    const auto state = std::move(running).release();
    manual_executor here;
    arrival end;
    if (state->notify(end, here)) here.run_until([&end] { return end.come; });
    return outcome_of(future<T>(state));
}

/// Runs a task to its end on an executor that nothing else uses.
template <typename T>
T run(manual_executor& executor, task<T> body) {
    future<T> running = launch(std::move(body), executor);
    executor.run_all();
    return outcome_of(std::move(running));
}

}  // namespace pyasync::test
