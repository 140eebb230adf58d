// framework/src/core/root.cpp: how root tasks begin, end and are listed.
// SPDX-License-Identifier: MIT
#include <pyasync/core/root.hpp>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/task_report.hpp>

namespace pyasync::detail {

void root_base::begin() noexcept {
    if (locals()) locals()->root_started();
    flags_.store(starts, std::memory_order_relaxed);
    home().post(*this);
}

void root_base::leave() noexcept {
    if (listed()) home().running().erase(*this);
}

void root_base::finish() noexcept {
    if (locals() && !is_away()) locals()->root_finished();  // away, it has not been counted
    drop_locals();
}

void root_base::identify_task(reported_operation& into) const {
    into.what = "a C++ task";
    into.started = where();
}

void root_base::post_cancel() noexcept {
    // A message that is under way takes it along.
    keep();
    if ((flags_.fetch_or(cancels, std::memory_order_acq_rel) & (starts | cancels)) == 0) return home().post(*this);
    drop();
}

void root_base::deliver(work& self, delivery how) noexcept {
    auto& root = static_cast<root_base&>(self);
    const int asks = root.flags_.fetch_and(static_cast<std::uint8_t>(~starts), std::memory_order_acq_rel);
    const bool cancel = (asks & cancels) != 0;
    if ((asks & starts) != 0) {
        if (cancel) root.keep();
        if (how == delivery::served) {
            root.home().running().insert(root);
            root.start();
        } else {
            root.refuse();
        }
    }
    if (!cancel) return;
    // One that has ended does not mind; who waits for it sees by the flag that it has not heard of it.
    if (how == delivery::served && !root.over_) {
        root.flags_.fetch_and(static_cast<std::uint8_t>(~cancels), std::memory_order_acq_rel);
        root.task_context::cancel();
    }
    root.drop();
}

std::exception_ptr stopped_error() noexcept {
    return std::make_exception_ptr(misuse(
        "pyasync: the libuv loops have stopped; start tasks before main returns or the interpreter is finalised"));
}

void task_context::resume(std::coroutine_handle<> coroutine) noexcept {
    task_context* const outer = std::exchange(current_, this);
    coroutine.resume();
    current_ = outer;
    // Not from within the coroutine's end: a compiler may still touch the frame there (GCC 15 does).
    if (std::exchange(ended_, false)) static_cast<root_base*>(this)->ended();
}

std::stop_token task_context::stop_token() {
    if (!stop_.stop_possible()) {
        stop_ = std::stop_source();
        if (cancelled_) stop_.request_stop();
    }
    return stop_.get_token();
}

void task_context::describe_wait(task_report& into) const {
    if (waiting_ == nullptr) return;
    into.waits = true;
    waiting_->describe(into);
    into.add_place(waiting_->where_);
    for (const promise_base* inner = waiting_->promise_; inner->awaiting() != nullptr; inner = inner->awaiting()) {
        into.add_place(inner->awaited_at());
    }
}

void task_context::passes(const std::exception_ptr& error, const std::source_location& where) noexcept {
    constexpr std::size_t longest_trail = 256;
    if (where.line() == 0) return;  // a coroutine that the user has not written
    try {
        if (trail_ == nullptr) trail_ = std::make_unique<exception_trail>();
        if (trail_->subject != error) *trail_ = {error, {}};
        if (trail_->passed.size() < longest_trail) trail_->passed.push_back(where);
    } catch (const std::bad_alloc&) {
        trail_ = nullptr;  // the exception matters, the way that it came does not
    }
}

}  // namespace pyasync::detail
