// framework/include/pyasync/bridge/asyncio_future.hpp: a request to asyncio that a future stands for.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <exception>
#include <utility>

#include <pyasync/bridge/asyncio_request.hpp>
#include <pyasync/bridge/python_await.hpp>
#include <pyasync/core/future.hpp>

namespace pyasync::detail {

/// The request, and the state that the future waits on. It holds on to itself while it runs. What is asked of Python is
/// for the derived class to say (`serve`), and what to do with the value (`returned`, which sets `outcome` and calls
/// `finish`).
template <typename T>
class asyncio_future : public future_state<T>, protected asyncio_request, protected python_await {
public:
    /// Begins now where there is an event loop, else when a task that has one awaits it. To be called once, before
    /// anybody else knows of it.
    void launch() noexcept {
        if (shared_locals()) begin();
    }

    void awaited_in(task_context& context) override {
        if (shared_locals()) return;
        set_locals(locals_of(context));
        begin();
    }
    void cancel() noexcept override {
        if (shared_locals()) {
            if (!send_cancel()) missed_.store(true, std::memory_order_relaxed);
        } else {
            cancel_on_arrival();
        }
    }
    [[nodiscard]] bool missed_cancellation() const noexcept override {
        return missed_.load(std::memory_order_relaxed) || cancelled_late();
    }
    void abandon() noexcept override {
        abandoned_.store(true, std::memory_order_relaxed);
        cancel();
    }

protected:
    explicit asyncio_future(ref<task_locals_state> locals) noexcept : asyncio_request(std::move(locals)) {}
    ~asyncio_future() override = default;

    void raised(py::python, std::exception_ptr error) noexcept override {
        this->outcome.set_error(std::move(error));
        finish();
    }

private:
    void begin() noexcept {
        this->add_ref();
        send(nullptr);
    }
    void cancel_served(py::python py) noexcept override {
        if (abandoned_.load(std::memory_order_relaxed)) {
            abandon_await(py);
        } else if (!cancel_await(py)) {
            cancel_missed();
        }
    }
    [[nodiscard]] bool has_waiter() const noexcept override { return this->awaited(); }
    [[nodiscard]] report_id known_as() const noexcept override { return {static_cast<const future_state_base*>(this)}; }
    void refused() noexcept override { this->outcome.set_error(loop_closed_error()); }
    [[nodiscard]] std::exception_ptr failure() const noexcept override { return this->outcome.failure(); }
    void came_home() noexcept override {
        this->complete();
        this->release();
    }

    std::atomic<bool> abandoned_{false};
    std::atomic<bool> missed_{false};
};

}  // namespace pyasync::detail
