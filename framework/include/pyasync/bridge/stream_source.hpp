// framework/include/pyasync/bridge/stream_source.hpp: the Python side of a stream: who steps the async iterator.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <deque>
#include <exception>
#include <utility>

#include <pyasync/bridge/python_await.hpp>
#include <pyasync/bridge/task_locals.hpp>
#include <pyasync/core/future.hpp>
#include <pyasync/core/ref.hpp>
#include <pyasync/py/object.hpp>

namespace pyasync::detail {

/// Throws the TypeError that Python's `async for` raises where `iterable` cannot be iterated over; else its iterator.
[[nodiscard]] py::bound async_iterator_of(const py::bound& iterable);

/// Steps an async iterator on behalf of a C++ consumer.
///
/// One coroutine of ours, the driver, awaits one `__anext__` after another: so the iterator sees one Task throughout.
/// It is awaited as any other Python awaitable (see `python_await`): stepped at once, and a Task only where it has to
/// wait. It goes on, without a crossing, while there is room for items; where there is none, it waits until it hears of
/// more. A consumer who waits is answered as soon as the iterator waits, or takes its time, or there is no more room.
/// All of it on the asyncio thread, under the GIL, but for the three that say otherwise.
class stream_source : public ref_counted, python_await {
public:
    /// A consumer who waits; one at a time.
    class waiter {
    public:
        /// There is an item, or the end has come, or `error` is the answer. The waiter may be gone when it returns.
        virtual void answer(std::exception_ptr error) noexcept = 0;

    protected:
        ~waiter() = default;
    };

    void wanted(py::python py, waiter& who) noexcept;
    /// Cancels the step that is under way; the answer follows, once the iterator has unwound.
    void cancel_wanted(py::python py, waiter& who) noexcept;

    /// Any thread: there is room again.
    void ask_for_more() noexcept { post(pull_); }
    /// Any thread, once: nobody wants it any more. Ends the step that is under way, and calls `aclose()`.
    void abandon() noexcept;
    /// The consumer's thread; needed before the first `wanted`.
    [[nodiscard]] const ref<task_locals_state>& locals() const noexcept { return locals_; }
    void set_locals(ref<task_locals_state> locals) noexcept { locals_ = std::move(locals); }

    // ---- For the driver, which is stepped as a coroutine is. ----

    [[nodiscard]] PySendResult send(py::python py, PyObject** result) noexcept;
    [[nodiscard]] PySendResult throw_into(py::python py, PyObject* arguments, PyObject** result) noexcept;
    void close() noexcept;
    /// Empty once it has ended.
    [[nodiscard]] const py::object& iterator() const noexcept { return iterator_; }
    /// What is being awaited; empty between two steps.
    [[nodiscard]] const py::object& step() const noexcept { return step_; }

protected:
    stream_source(const py::bound& iterator, ref<task_locals_state> locals) noexcept
        : locals_(std::move(locals)), iterator_(iterator.unbind()) {}
    ~stream_source() override = default;

    // ---- The queue, whatever its items are. ----

    [[nodiscard]] virtual bool empty() const noexcept = 0;
    [[nodiscard]] virtual bool full() const noexcept = 0;
    [[nodiscard]] virtual bool pause() noexcept = 0;
    virtual void go_on() noexcept = 0;
    /// Converts and adds it; the exception where it does not convert.
    [[nodiscard]] virtual std::exception_ptr put(py::python py, const py::bound& item) noexcept = 0;
    /// The same beyond its bounds, just before its end.
    [[nodiscard]] virtual std::exception_ptr put_last(py::python py, const py::bound& item) noexcept = 0;
    virtual void end(std::exception_ptr error) noexcept = 0;

private:
    using handling = void (stream_source::*)(py::python) noexcept;

    /// It keeps the source until it has arrived.
    struct message final : work {
        message(stream_source& owner, handling how) noexcept : work(&deliver), source(owner), handler(how) {}
        static void deliver(work& self, delivery how) noexcept;
        stream_source& source;
        handling handler;
        std::atomic<bool> posted{false};
    };

    /// What the driver waits for where there is no room: a Future to Python.
    class demand final : public future_state<void> {
    public:
        void meet() noexcept;
        void cancel() noexcept override;
        void abandon() noexcept override { cancel(); }
        [[nodiscard]] bool missed_cancellation() const noexcept override { return missed_; }
        void identify(reported_operation& into) const override { into.what = "C++ to take items of a stream"; }

    private:
        bool missed_ = false;
    };

    void post(message& what) noexcept;
    void pulled(py::python py) noexcept;
    void abandoned(py::python py) noexcept;

    void start_driver(py::python py) noexcept;
    void driver_ended(py::python py, std::exception_ptr error) noexcept;
    void ends_for_good() noexcept;
    void returned(py::python py, const py::bound&) noexcept override { driver_ended(py, nullptr); }
    void raised(py::python py, std::exception_ptr error) noexcept override { driver_ended(py, std::move(error)); }
    [[nodiscard]] bool has_waiter() const noexcept override { return waiter_ != nullptr; }
    [[nodiscard]] report_id known_as() const noexcept override { return {this}; }

    [[nodiscard]] bool room() const noexcept { return !full() || (waiter_ != nullptr && empty()); }
    /// An item more can be put.
    [[nodiscard]] bool place() const noexcept { return !full() || empty(); }
    void add(py::python py, const py::bound& item) noexcept;
    void wake_driver() noexcept;
    void deliver() noexcept;
    void deliver_now() noexcept;
    void answer(std::exception_ptr error) noexcept;

    /// What the driver does next where no step is under way.
    enum class onward { step, again, stop };
    [[nodiscard]] onward begin(py::python py);
    void begin_step(py::python py, PyObject* awaitable);
    void begin_to_wait(py::python py);
    void step_ends(py::python py, const py::bound& value) noexcept;
    /// Is the exception that Python has set one to go on after? It is cleared then.
    [[nodiscard]] bool survives(py::python py) noexcept;
    [[nodiscard]] PySendResult run(py::python py, bool stepped, PySendResult how, PyObject** result) noexcept;

    ref<task_locals_state> locals_;
    py::object iterator_;  ///< until it has ended
    py::object step_;      ///< what is being awaited, as `send` steps it; empty between two steps
    /// Items that there was no place for: exceptions were thrown into the iterator that nobody had asked.
    std::deque<py::object> surplus_;
    ref<demand> demand_;  ///< set where that is not an item of the iterator, but room for one
    waiter* waiter_ = nullptr;
    bool running_ = false;  ///< there is a driver
    bool cancelling_ = false;
    bool closing_ = false;
    bool close_called_ = false;
    bool over_ = false;  ///< the end is in the queue
    message pull_{*this, &stream_source::pulled};
    message abandonment_{*this, &stream_source::abandoned};
};

}  // namespace pyasync::detail
