// framework/include/pyasync/core/as_task.hpp: a task that awaits one awaitable, whatever that is.
// SPDX-License-Identifier: MIT
#pragma once

#include <source_location>
#include <type_traits>
#include <utility>

#include <pyasync/core/task.hpp>

namespace pyasync::detail {

/// What `co_await` gives of it.
template <context_awaitable Awaitable>
using awaited_type =
    std::remove_cvref_t<decltype(std::declval<Awaitable>()
                                     .awaiter_in(std::declval<task_context&>(), std::source_location::current())
                                     .await_resume())>;

/// `co_await` without a trace in tracebacks: for a coroutine that the user has not written.
template <context_awaitable Awaitable>
class untraced {
public:
    explicit untraced(Awaitable&& awaitable) noexcept : awaitable_(std::forward<Awaitable>(awaitable)) {}
    [[nodiscard]] auto awaiter_in(task_context& context, const std::source_location&) && {
        return std::forward<Awaitable>(awaitable_).awaiter_in(context, std::source_location());
    }

private:
    Awaitable awaitable_;
};

/// `co_await quietly(named)` moves from what has a name: GCC 12 does not survive all temporaries in such an expression.
template <context_awaitable Awaitable>
[[nodiscard]] untraced<Awaitable> quietly(Awaitable& named) noexcept {
    return untraced<Awaitable>(std::move(named));
}

/// The awaitable is moved into the task; an lvalue is referred to.
template <context_awaitable Awaitable>
task<awaited_type<Awaitable>> as_task(Awaitable awaitable) {
    untraced<Awaitable> quiet(std::forward<Awaitable>(awaitable));
    co_return co_await std::move(quiet);
}

}  // namespace pyasync::detail
