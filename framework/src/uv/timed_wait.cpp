// framework/src/uv/timed_wait.cpp: one wait on the loop's timers.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/timed_wait.hpp>

#include <new>
#include <string>

#include <pyasync/core/task_report.hpp>

namespace pyasync::uv::detail {

bool timed_wait::wait_until(clock::time_point deadline) noexcept {
    try {
        loop::current()->timers().insert(*this, deadline);
    } catch (const std::bad_alloc&) {
        out_of_memory_ = true;
    }
    return !out_of_memory_;
}

bool timed_wait::give_way() noexcept {
    over_ = true;
    context().home().post(*this);
    return true;
}

void timed_wait::await_resume() const {
    if (out_of_memory_) throw std::bad_alloc();
    if (cancelled_) fail(std::make_exception_ptr(cancelled()));
}

void timed_wait::cancel() noexcept {
    cancelled_ = true;
    if (over_) return;
    over_ = true;
    loop::current()->timers().remove(*this);
    context().home().post(*this);
}

void timed_wait::describe(pyasync::detail::task_report& into) const {
    into.waits_for = std::string("uv::") + name_ + (over_ ? ", which is over" : ", " + time_left());
}

void timed_wait::continue_task(work& self, pyasync::detail::delivery how) noexcept {
    if (how == pyasync::detail::delivery::served) static_cast<timed_wait&>(self).resume();
}

}  // namespace pyasync::uv::detail
