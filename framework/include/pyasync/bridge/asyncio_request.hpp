// framework/include/pyasync/bridge/asyncio_request.hpp: an operation that a C++ task sends to its asyncio thread.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <source_location>
#include <string>
#include <utility>

#include <pyasync/bridge/task_locals.hpp>
#include <pyasync/core/task_context.hpp>
#include <pyasync/core/task_report.hpp>
#include <pyasync/py/error.hpp>

namespace pyasync::detail {

/// The travels of a request, whatever it does: to the inbox of the task's event loop, there `serve`, and back home with
/// `finish`; cancellations follow on the same way, so they never overtake it.
///
/// The object stays in its place until it has come home and every cancellation that was sent after it has arrived: who
/// makes one keeps it until `came_home`.
class asyncio_request : work {
public:
    asyncio_request(const asyncio_request&) = delete;
    asyncio_request& operator=(const asyncio_request&) = delete;

protected:
    /// The locals may be null, to be set before it is sent.
    explicit asyncio_request(ref<task_locals_state> locals) noexcept : work(&arrive), locals_(std::move(locals)) {}
    ~asyncio_request() = default;

    /// Any thread; `home` is where `came_home` will be called: null for wherever the request ends.
    void send(executor* home) noexcept;

    /// Any thread, while the request is kept: asks for `cancel_served`. False where it has finished already.
    bool send_cancel() noexcept;

    /// The same before it is sent; its only owner.
    void cancel_on_arrival() noexcept { cancelled_early_ = true; }

    /// Asyncio thread, once: the outcome is in place. The last thing that the asyncio side does with the object.
    void finish() noexcept;

    /// Asyncio thread, under the GIL.
    virtual void serve(py::python py) noexcept = 0;
    virtual void cancel_served(py::python py) noexcept = 0;

    /// Any thread: the event loop was closed before the request got there; `finish` follows.
    virtual void refused() noexcept = 0;

    /// The error that is in place, or null.
    [[nodiscard]] virtual std::exception_ptr failure() const noexcept = 0;

    /// Home thread: it is over.
    virtual void came_home() noexcept = 0;

    /// From within `cancel_served`: it came too late, although the outcome is not in place yet.
    void cancel_missed() noexcept { cancelled_late_ = true; }

    /// Home thread, when it has come home: did a cancellation arrive when it had finished?
    [[nodiscard]] bool cancelled_late() const noexcept { return cancelled_late_; }

    [[nodiscard]] task_locals_state& locals() const noexcept { return *locals_; }
    [[nodiscard]] const ref<task_locals_state>& shared_locals() const noexcept { return locals_; }
    void set_locals(ref<task_locals_state> locals) noexcept { locals_ = std::move(locals); }

private:
    struct cancel_message final : work {
        explicit cancel_message(asyncio_request& owner) noexcept : work(&deliver), request(owner) {}
        static void deliver(work& self, delivery how) noexcept;
        asyncio_request& request;
        std::atomic<bool> posted{false};
    };

    static void arrive(work& self, delivery how) noexcept;
    static void return_home(work& self, delivery how) noexcept;
    void let_go() noexcept;

    ref<task_locals_state> locals_;
    executor* home_ = nullptr;
    cancel_message cancel_{*this};
    std::atomic<std::uint32_t> holders_{1};
    bool arrived_ = false;
    bool cancelled_early_ = false;
    bool finished_ = false;
    bool cancelled_late_ = false;
};

/// The error of a request to an event loop that is closed.
[[nodiscard]] std::exception_ptr loop_closed_error() noexcept;

/// The locals of the awaiting task; `std::runtime_error` where it has none.
[[nodiscard]] ref<task_locals_state> locals_of(task_context& context);

/// Base of the awaiters of this kind: waits until the request has come home.
class asyncio_awaiter : public suspension, public asyncio_request {
public:
    [[nodiscard]] bool await_ready() {
        context().throw_if_cancelled();
        return false;
    }

protected:
    asyncio_awaiter(task_context& context, const std::source_location& where)
        : asyncio_awaiter(context, where, locals_of(context)) {}
    /// On another event loop than the task's; or with null, to be set before it suspends.
    asyncio_awaiter(task_context& context, const std::source_location& where, ref<task_locals_state> locals)
        : suspension(context, where), asyncio_request(std::move(locals)) {}
    ~asyncio_awaiter() = default;

    /// For a report, on any thread: what the request is known by.
    [[nodiscard]] report_id id() const noexcept { return {static_cast<const asyncio_request*>(this), where().line()}; }
    /// As `describe`, of a request that is called so.
    void describe_as(std::string what, task_report& into) const { into.waits_for_one({id(), std::move(what)}); }

    bool begin() noexcept override {
        send(&context().home());
        return true;
    }
    void cancel() noexcept override {
        if (!send_cancel()) context().cancel_next_wait();
    }
    void came_home() noexcept override {
        if (cancelled_late()) context().cancel_next_wait();
        resume();
    }
};

}  // namespace pyasync::detail
