// tests/bench/peers/nanobind/python_future.hpp: the result of a Python coroutine, for C++ coroutines of a worker.
// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>

#include <coroutine>
#include <memory>
#include <utility>

#include "worker_thread.hpp"

/// What `co_await` gives the integer of that a Python coroutine returns.
///
/// The coroutine was started with `asyncio.run_coroutine_threadsafe`; its done callback, which asyncio calls on its
/// thread with the GIL held, posts the value to the worker. So state and waiting coroutine belong to the worker thread
/// alone. A Python exception ends the program: the benches raise none.
class python_future {
public:
    /// Calls `function` and runs the coroutine that it returns on `loop`. With the GIL held, on the worker thread.
    static python_future start(worker_thread& worker, nanobind::handle run_coroutine_threadsafe,
                               nanobind::handle function, nanobind::handle loop) {
        python_future future;
        nanobind::object running = run_coroutine_threadsafe(function(), loop);
        running.attr("add_done_callback")(
            nanobind::cpp_function([&worker, state = future.state_](nanobind::handle done) {
                long value = nanobind::cast<long>(done.attr("result")());
                worker.post([state, value] { state->set(value); });
            }));
        return future;
    }

    bool await_ready() const noexcept { return state_->done; }
    void await_suspend(std::coroutine_handle<> waiting) noexcept { state_->waiting = waiting; }
    long await_resume() const noexcept { return state_->value; }

private:
    struct state {
        long value = 0;
        bool done = false;
        std::coroutine_handle<> waiting;

        void set(long new_value) {
            value = new_value;
            done = true;
            if (waiting) {
                std::exchange(waiting, nullptr).resume();
            }
        }
    };

    std::shared_ptr<state> state_ = std::make_shared<state>();
};
