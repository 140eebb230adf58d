// framework/src/core/root.cpp: how root tasks begin, end and are listed.
// SPDX-License-Identifier: MIT
#include <pyasync/core/root.hpp>

#include <pyasync/core/misuse.hpp>

namespace pyasync::detail {

std::coroutine_handle<> promise_base::ended() noexcept {
    if (root_ != nullptr) context_->root_ends(*root_);
    return parent_ ? parent_ : std::noop_coroutine();
}

void root_base::begin() noexcept {
    if (context_.locals()) context_.locals()->root_started();
    context_.home().post(start_);
}

void root_base::leave() noexcept {
    if (listed()) context_.home().running().erase(*this);
}

void root_base::finish() noexcept {
    if (context_.locals()) context_.locals()->root_finished();
    context_.drop_locals();
}

void root_base::post_cancel() noexcept {
    if (cancel_.posted.exchange(true, std::memory_order_acq_rel)) return;
    keep();
    context_.home().post(cancel_);
}

void root_base::start_message::deliver(work& self, delivery how) noexcept {
    root_base& root = static_cast<start_message&>(self).root;
    if (how == delivery::refused) return root.refuse();
    root.context_.home().running().insert(root);
    root.start();
}

void root_base::cancel_message::deliver(work& self, delivery how) noexcept {
    auto& message = static_cast<cancel_message&>(self);
    root_base& root = message.root;
    message.posted.store(false, std::memory_order_release);
    // Before its start, too: on its home thread a cancellation may overtake a start that came from elsewhere. One that
    // has ended does not mind.
    if (how == delivery::served) root.context_.cancel();
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
    if (root_base* const root = std::exchange(ended_, nullptr)) root->ended();
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
