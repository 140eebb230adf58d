// framework/src/bridge/channel_wait.cpp: how Python stands in the line of a channel, and leaves it.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/channel_wait.hpp>

#include <pyasync/core/fork.hpp>

namespace pyasync::detail {

bool channel_wait::try_to_end() {
    serving now(lock_);
    return take(now);
}

bool channel_wait::end_or_join() {
    serving now(lock_);
    if (take(now)) return true;
    add_ref();  // for who will call it
    line_.join(*this);
    return false;
}

void channel_wait::called() noexcept {
    complete();
    release();
}

bool channel_wait::leave_line() noexcept {
    const std::lock_guard lock(lock_);
    if (!in_line()) return false;
    line_.leave(*this);
    left_ = true;
    return true;
}

void channel_wait::cancel() noexcept {
    if (left_ || in_forked_child()) return;  // there, a thread that is not there may have the lock
    if (leave_line()) return called();
    missed_ = true;
}

void channel_wait::give_up() noexcept {
    if (left_ || in_forked_child()) return;
    if (leave_line()) return called();
    serving now(lock_);
    put_back(now);
}

}  // namespace pyasync::detail
