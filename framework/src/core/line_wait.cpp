// framework/src/core/line_wait.cpp: how a task joins a line, and how it leaves.
// SPDX-License-Identifier: MIT
#include <pyasync/core/line_wait.hpp>

namespace pyasync::detail {

bool line_wait::gives_way() const noexcept {
    constexpr int most_at_once = 64;
    static thread_local int taken_at_once = 0;
    // Away from home, it would have to go there for that.
    if (context().is_away() || ++taken_at_once < most_at_once) return false;
    taken_at_once = 0;
    return true;
}

bool line_wait::begin() noexcept {
    if (served_) {
        called();
        return true;
    }
    try {
        serving now(lock_);
        if (take(now)) return false;
        line_.join(*this);
    } catch (...) {
        error_ = std::current_exception();
        return false;
    }
    return true;
}

void line_wait::cancel() noexcept {
    if (left_) return;
    {
        const std::lock_guard lock(lock_);
        if (!in_line()) {
            cancelled_late_ = true;
            return;
        }
        line_.leave(*this);
    }
    left_ = true;
    context().home().post(*this);
}

void line_wait::continue_task(work& self, delivery how) noexcept {
    if (how == delivery::served) static_cast<line_wait&>(self).resume();
}

}  // namespace pyasync::detail
