// framework/src/uv/timeout.cpp: who was first, the time or the task.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/timeout.hpp>

#include <pyasync/uv/loop.hpp>

namespace pyasync::uv::detail {

using pyasync::detail::child;
using pyasync::detail::childs_locals;
using pyasync::detail::ending;

void time_limit::begin_limited(child& body) {
    add(body, childs_locals::shared, where());
    if (length_ > clock::duration::zero()) {
        loop::current()->timers().insert(*this, clock::now() + length_);
    } else {
        expired();
    }
}

void time_limit::expired() noexcept {
    if (stopping()) return;
    stop();
    expired_ = stopping();
}

void time_limit::ended(child&, ending how) noexcept {
    how_ = how;
    loop::current()->timers().remove(*this);
}

void time_limit::describe(pyasync::detail::task_report& into) const {
    children::describe(into);
    into.waits_for += expired_ ? ", its time is over" : ", " + time_left();
}

void time_limit::finish_limited() {
    if (how_ == ending::with_cancellation && expired_ && !cancelled_from_outside()) {
        fail(std::make_exception_ptr(timed_out()));
    }
    finish(how_ == ending::with_value);
}

}  // namespace pyasync::uv::detail
