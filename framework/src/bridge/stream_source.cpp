// framework/src/bridge/stream_source.cpp: the driver's steps: the next item, room for it, the end.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/stream_source.hpp>

#include <chrono>
#include <exception>

#include <pyasync/bridge/future_into_py.hpp>
#include <pyasync/bridge/stepping.hpp>
#include <pyasync/bridge/stream_driver.hpp>
#include <pyasync/core/cancellation.hpp>
#include <pyasync/core/outbox.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/into_python.hpp>

namespace pyasync::detail {
namespace {

using clock = std::chrono::steady_clock;

/// A consumer who waits has this long to be patient while a batch grows.
constexpr auto patience = std::chrono::microseconds(50);
/// An iterator that never waits gives way to asyncio after this long.
constexpr auto slice = std::chrono::milliseconds(1);
constexpr unsigned items_between_looks_at_the_clock = 4;

py::bound take_nothing(py::python py, future_state_base& state) {
    result<void>& outcome = static_cast<future_state<void>&>(state).outcome;
    if (outcome.failed()) std::rethrow_exception(outcome.take_error());
    return py.none();
}

}  // namespace

void stream_source::demand::meet() noexcept {
    if (done()) return;
    this->outcome.set_value();
    this->complete();
}

void stream_source::demand::cancel() noexcept {
    missed_ = done();
    if (missed_) return;
    this->outcome.set_error(std::make_exception_ptr(cancelled()));
    this->complete();
}

py::bound async_iterator_of(const py::bound& iterable) {
    const py::python py = iterable.py();
    const PyAsyncMethods* methods = Py_TYPE(iterable.ptr())->tp_as_async;
    if (methods == nullptr || methods->am_aiter == nullptr) {
        py::detail::raise(py, PyExc_TypeError,
                          "'async for' requires an object with __aiter__ method, got " + iterable.type_name());
    }
    py::bound iterator = py::bound::steal(py, methods->am_aiter(iterable.ptr()));
    methods = Py_TYPE(iterator.ptr())->tp_as_async;
    if (methods == nullptr || methods->am_anext == nullptr) {
        py::detail::raise(
            py, PyExc_TypeError,
            "'async for' received an object from __aiter__ that does not implement __anext__: " + iterator.type_name());
    }
    return iterator;
}

// ---- What comes from the consumer. ----

void stream_source::post(message& what) noexcept {
    if (what.posted.exchange(true, std::memory_order_acq_rel)) return;
    add_ref();
    locals_->inbox().post(what);
}

void stream_source::abandon() noexcept {
    if (!locals_) return;
    // Counts like a task until the loop has heard of it, which may be later than the task's end: a loop that stops has to
    // wait for that, or it would close the iterator behind its own `shutdown_asyncgens()`.
    locals_->root_started();
    post(abandonment_);
}

void stream_source::message::deliver(work& self, delivery how) noexcept {
    auto& arrived = static_cast<message&>(self);
    const auto kept = ref<stream_source>::adopt(&arrived.source);
    arrived.posted.store(false, std::memory_order_release);
    if (how == delivery::served) ((*kept).*arrived.handler)(py::detail::token_maker::make());
    if (&arrived == &kept->abandonment_) kept->locals_->root_finished();
}

void stream_source::wanted(py::python py, waiter& who) noexcept {
    waiter_ = &who;
    if (!empty() || over_) return answer(nullptr);
    if (!running_) return start_driver(py);
    if (demand_) wake_driver();
}

void stream_source::cancel_wanted(py::python py, waiter& who) noexcept {
    if (waiter_ != &who) return;
    if (!running_ || demand_) return answer(std::make_exception_ptr(cancelled()));
    cancelling_ = true;
    cancel_await(py);
}

void stream_source::pulled(py::python) noexcept {
    if (demand_ && room()) wake_driver();
}

void stream_source::abandoned(py::python py) noexcept {
    if (closing_) return;
    closing_ = true;
    if (demand_) {
        wake_driver();
    } else if (running_) {
        cancel_await(py);
    } else if (!over_) {
        start_driver(py);
    }
}

// ---- What goes to the consumer. ----

void stream_source::answer(std::exception_ptr error) noexcept {
    cancelling_ = false;
    std::exchange(waiter_, nullptr)->answer(std::move(error));
}

void stream_source::deliver() noexcept {
    if (waiter_ != nullptr && (!empty() || over_)) answer(nullptr);
}

void stream_source::deliver_now() noexcept {
    if (waiter_ == nullptr) return;
    deliver();
    outbox::flush_current();
}

// ---- The driver. ----

void stream_source::start_driver(py::python py) noexcept {
    running_ = true;
    add_ref();
    try {
        start(py, make_stream_driver(py, ref<stream_source>::share(this)), locals_->inbox(), locals_->context(py));
    } catch (...) {
        driver_ended(py, std::current_exception());
    }
}

void stream_source::driver_ended(py::python py, std::exception_ptr error) noexcept {
    const auto kept = ref<stream_source>::adopt(this);
    running_ = false;
    close();
    if (over_) return ends_for_good();
    // The consumer's own cancellation is its own to hear of; the iterator may have more.
    if (cancelling_ && error != nullptr && is_cancellation(error)) return answer(std::move(error));
    over_ = true;
    if (closing_) error = std::make_exception_ptr(cancelled());
    for (const py::object& item : surplus_) {
        std::exception_ptr failed = put_last(py, item.bind(py));
        if (failed == nullptr) continue;
        error = std::move(failed);
        break;
    }
    surplus_.clear();
    end(std::move(error));
    ends_for_good();
}

/// The iterator is let go at once: where its loop was closed while it waited, it keeps the driver's task, which keeps the
/// driver, of which the garbage collector knows nothing.
void stream_source::ends_for_good() noexcept {
    iterator_.reset();
    deliver();
}

void stream_source::close() noexcept {
    demand_ = {};
    step_.reset();
}

void stream_source::wake_driver() noexcept {
    go_on();
    demand_->meet();
}

void stream_source::begin_step(py::python py, PyObject* awaitable) {
    const py::bound awaited = py::bound::steal(py, awaitable);
    if (!is_awaitable(awaited.ptr())) {
        py::detail::raise(
            py, PyExc_TypeError,
            "'async for' received an object from __anext__ that does not implement __await__: " + awaited.type_name());
    }
    step_ = steppable(awaited).unbind();
}

void stream_source::begin_to_wait(py::python py) {
    auto made = make_ref<demand>();
    const py::bound future = make_python_future(py, made, &take_nothing, locals_);
    step_ = steppable(future).unbind();
    demand_ = std::move(made);
}

stream_source::onward stream_source::begin(py::python py) {
    if (iterator_.empty()) return onward::stop;  // somebody steps the driver of a closed loop
    if (closing_) {
        if (std::exchange(close_called_, true)) return onward::stop;
        const py::bound iterator = iterator_.bind(py);
        if (!iterator.has_attr("aclose")) return onward::stop;
        begin_step(py, iterator.call_method("aclose").release());
        return onward::step;
    }
    if (!surplus_.empty() && place()) {
        const py::bound item = std::move(surplus_.front()).bind(py);
        surplus_.pop_front();
        add(py, item);
        return onward::again;
    }
    if (!room() || !surplus_.empty()) {
        deliver();
        if (room() && surplus_.empty()) return onward::again;
        if (!pause()) return onward::again;
        begin_to_wait(py);
        return onward::step;
    }
    begin_step(py, Py_TYPE(iterator_.ptr())->tp_as_async->am_anext(iterator_.ptr()));
    return onward::step;
}

void stream_source::step_ends(py::python py, const py::bound& value) noexcept {
    step_.reset();
    if (demand_) {
        demand_ = {};
    } else if (!closing_ && place() && surplus_.empty()) {
        add(py, value);
    } else if (!closing_) {
        surplus_.push_back(value.unbind());
    }
}

void stream_source::add(py::python py, const py::bound& item) noexcept {
    std::exception_ptr error = put(py, item);
    if (error == nullptr) return;
    end(std::move(error));
    over_ = closing_ = true;
    deliver_now();
}

bool stream_source::survives(py::python py) noexcept {
    step_.reset();
    demand_ = {};
    if (!closing_) return false;
    if (PyErr_ExceptionMatches(PyExc_SystemExit) != 0 || PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) != 0) {
        return false;
    }
    if (PyErr_ExceptionMatches(asyncio_api::get(py).cancelled_error) != 0 ||
        PyErr_ExceptionMatches(PyExc_StopAsyncIteration) != 0) {
        PyErr_Clear();
    } else {
        report_unhandled(py, locals_->event_loop(), "an error while closing the iterable of a pyasync.stream");
    }
    return true;
}

PySendResult stream_source::run(py::python py, bool stepped, PySendResult how, PyObject** result) noexcept {
    const auto began = clock::now();
    for (unsigned items = 0;;) {
        if (!stepped && step_.empty()) {
            try {
                const onward what = begin(py);
                if (what == onward::again) continue;
                if (what == onward::stop) {
                    *result = Py_NewRef(Py_None);
                    return PYGEN_RETURN;
                }
            } catch (...) {
                py::detail::set_raised_from(py, std::current_exception());
                stepped = true;
                how = PYGEN_ERROR;
            }
        }
        if (!stepped) {
            const py::bound step = step_.bind(py);  // a loop that is closed meanwhile lets go of it
            how = py::detail::into_python([&] { return PyIter_Send(step.ptr(), Py_None, result); });
        }
        stepped = false;
        if (how == PYGEN_NEXT) {
            deliver();
            return how;
        }
        if (how == PYGEN_ERROR) {
            if (survives(py)) continue;
            if (closing_ || PyErr_ExceptionMatches(PyExc_StopAsyncIteration) == 0) return how;
            PyErr_Clear();
            *result = Py_NewRef(Py_None);
            return PYGEN_RETURN;
        }
        step_ends(py, py::bound::steal(py, *result));
        if (items++ % items_between_looks_at_the_clock != 0) continue;
        const auto taken = clock::now() - began;
        if (taken > patience) deliver_now();
        if (taken > slice) {
            *result = Py_NewRef(Py_None);  // a bare yield: the loop's next turn
            return PYGEN_NEXT;
        }
    }
}

PySendResult stream_source::send(py::python py, PyObject** result) noexcept {
    return run(py, false, PYGEN_ERROR, result);
}

PySendResult stream_source::throw_into(py::python py, PyObject* arguments, PyObject** result) noexcept {
    *result = nullptr;
    if (demand_) {
        // Nobody waits for an item, but the iterator is told as if it did: a timeout that it has set may have expired.
        go_on();
        close();
    }
    if (step_.empty()) {
        if (closing_ || iterator_.empty()) return run(py, false, PYGEN_ERROR, result);
        try {
            begin_step(py, Py_TYPE(iterator_.ptr())->tp_as_async->am_anext(iterator_.ptr()));
        } catch (const py::python_error& error) {
            py::detail::set_raised(error.value().bind(py));
            return run(py, true, PYGEN_ERROR, result);
        }
    }
    const PySendResult how = pyasync::detail::throw_into(py, step_.ptr(), arguments, result);
    return run(py, true, how, result);
}

}  // namespace pyasync::detail
