// framework/src/uv/sleep.cpp: one sleep on the loop's timers.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/sleep.hpp>

namespace pyasync::uv::detail {

sleep_awaiter::sleep_awaiter(clock::duration length, pyasync::detail::task_context& context,
                             const std::source_location& where) noexcept
    : suspension(context, where), work(&continue_task), length_(length) {}

void sleep_awaiter::await_suspend(std::coroutine_handle<> coroutine) {
    if (length_ > clock::duration::zero()) {
        loop::current()->timers().insert(*this, clock::now() + length_);
    } else {
        over_ = true;
        context().home().post(*this);
    }
    suspend(coroutine);
}

void sleep_awaiter::cancel() noexcept {
    cancelled_ = true;
    if (over_) return;
    over_ = true;
    loop::current()->timers().remove(*this);
    context().home().post(*this);
}

void sleep_awaiter::continue_task(work& self, pyasync::detail::delivery how) noexcept {
    if (how == pyasync::detail::delivery::served) static_cast<sleep_awaiter&>(self).resume();
}

}  // namespace pyasync::uv::detail
