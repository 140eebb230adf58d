// framework/src/uv/sleep.cpp: one sleep on the loop's timers.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/sleep.hpp>

#include <pyasync/core/task_report.hpp>

namespace pyasync::uv::detail {

sleep_awaiter::sleep_awaiter(clock::duration length, pyasync::detail::task_context& context,
                             const std::source_location& where) noexcept
    : suspension(context, where), work(&continue_task), length_(length) {}

bool sleep_awaiter::begin() noexcept {
    if (length_ <= clock::duration::zero()) {
        over_ = true;
        context().home().post(*this);
        return true;
    }
    try {
        loop::current()->timers().insert(*this, clock::now() + length_);
    } catch (const std::bad_alloc&) {
        out_of_memory_ = true;
    }
    return !out_of_memory_;
}

void sleep_awaiter::cancel() noexcept {
    cancelled_ = true;
    if (over_) return;
    over_ = true;
    loop::current()->timers().remove(*this);
    context().home().post(*this);
}

void sleep_awaiter::describe(pyasync::detail::task_report& into) const {
    into.waits_for = over_ ? "uv::sleep, which is over" : "uv::sleep, " + time_left();
}

void sleep_awaiter::continue_task(work& self, pyasync::detail::delivery how) noexcept {
    if (how == pyasync::detail::delivery::served) static_cast<sleep_awaiter&>(self).resume();
}

}  // namespace pyasync::uv::detail
