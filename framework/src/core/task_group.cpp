// framework/src/core/task_group.cpp: whom a group owns, and whose end is whose affair.
// SPDX-License-Identifier: MIT
#include <pyasync/core/task_group.hpp>

#include <pyasync/core/misuse.hpp>

namespace pyasync {

using detail::child;
using detail::childs_locals;
using detail::ending;

void task_group::begin_body(child& body) {
    body_ = &body;
    add(body, childs_locals::shared, where());
}

void task_group::adopt(std::unique_ptr<child> one, const std::source_location& where) {
    if (!context().home().is_current()) {
        throw misuse(
            "pyasync: a task_group takes tasks on its own thread: spawn from its body or from one of its tasks");
    }
    add(*one, childs_locals::copied, where);
    static_cast<void>(one.release());
}

void task_group::ended(child& one, ending how) noexcept {
    if (&one == body_) {
        body_has_value_ = how == ending::with_value;
        if (!body_has_value_) stop();
    } else if (how == ending::with_failure) {
        stop();
    } else {
        delete &one;
    }
}

void task_group::drop_failed() noexcept {
    for (child* one = first_failed(); one != nullptr;) {
        child* const next = next_failed(*one);
        if (one != body_) delete one;
        one = next;
    }
}

void task_group::finish_group() { finish(body_has_value_ && first_failed() == nullptr && !interrupted()); }

}  // namespace pyasync
