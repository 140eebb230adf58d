// framework/src/core/children.cpp: how children begin, are told to end, and end.
// SPDX-License-Identifier: MIT
#include <pyasync/core/children.hpp>

#include <string>
#include <vector>

#include <pyasync/core/exception_group.hpp>

namespace pyasync::detail {

void child::arrive(work& self, delivery how) noexcept {
    auto& one = static_cast<child&>(self);
    if (how == delivery::served) one.parent_->arrived(one);
}

bool children::begin() noexcept {
    try {
        start();
    } catch (...) {
        unstarted_ = std::current_exception();
        stop();
    }
    return running_ != nullptr;
}

void children::add(child& one, childs_locals locals, const std::source_location& where) {
    future_state_base& state = one.start(context(), locals, where);
    one.parent_ = this;
    one.state_ = &state;
    one.previous_ = latest_;
    (latest_ != nullptr ? latest_->next_ : running_) = &one;
    latest_ = &one;
    // Always by a message: none ends while the first ones are being started.
    if (!state.notify(one, context().home())) context().home().post(one);
    if (stopping_) state.cancel();
}

void children::describe(task_report& into) const {
    for (const child* one = running_; one != nullptr; one = one->next_) into.awaited.push_back(reported(*one->state_));
    into.waits_for = std::string(name()) + ": " + std::to_string(into.awaited.size()) + " under way";
}

void children::stop() noexcept {
    if (stopping_) return;
    for (const child* one = running_; one != nullptr; one = one->next_) {
        if (one->state_->done()) continue;  // on its way here
        one->state_->cancel();
        stopping_ = true;
    }
}

void children::cancel() noexcept {
    cancelled_ = true;
    if (stopping_) return;
    stop();
    interrupted_ = stopping_;
}

void children::arrived(child& one) noexcept {
    (one.previous_ != nullptr ? one.previous_->next_ : running_) = one.next_;
    (one.next_ != nullptr ? one.next_->previous_ : latest_) = one.previous_;
    one.error_ = one.take_error();
    ending how = ending::with_value;
    missed_ = missed_ || (interrupted_ && one.state_->missed_cancellation());
    if (one.error_) {
        how = is_cancellation(one.error_) ? ending::with_cancellation : ending::with_failure;
    }
    if (how == ending::with_failure) {
        one.next_ = nullptr;
        (first_failed_ == nullptr ? first_failed_ : last_failed_->next_) = &one;
        last_failed_ = &one;
    } else if (how == ending::with_cancellation && cancellation_ == nullptr) {
        cancellation_ = std::exchange(one.error_, nullptr);
        trail_of_cancellation_ = one.state_->take_trail();
    }
    ended(one, how);
    if (running_ == nullptr) resume();
}

void children::finish(bool has_value) {
    if (unstarted_) has_value = false;
    if (!has_value && !unstarted_ && first_failed_ == nullptr) throw_cancellation();
    if (cancelled_ && !(has_value && interrupted_ && !missed_)) context().cancel_next_wait();
    if (!has_value) throw_errors();
}

void children::throw_cancellation() {
    if (cancellation_ == nullptr) fail(std::make_exception_ptr(cancelled()));
    context().adopt_trail(std::move(trail_of_cancellation_));
    fail(std::exchange(cancellation_, nullptr));
}

void children::throw_errors() {
    if (unstarted_) fail(unstarted_);
    if (first_failed_ == last_failed_) {
        context().adopt_trail(first_failed_->state_->take_trail());
        fail(std::exchange(first_failed_->error_, nullptr));
    }
    std::vector<std::exception_ptr> errors;
    std::vector<exception_trail> trails;
    for (child* one = first_failed_; one != nullptr; one = one->next_) {
        if (auto trail = one->state_->take_trail()) trails.push_back(std::move(*trail));
        errors.push_back(std::exchange(one->error_, nullptr));
    }
    fail(std::make_exception_ptr(exception_group(std::move(errors), std::move(trails))));
}

}  // namespace pyasync::detail
