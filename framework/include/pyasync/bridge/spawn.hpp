// framework/include/pyasync/bridge/spawn.hpp: starting tasks and blocking functions beside the running task.
// SPDX-License-Identifier: MIT
#pragma once

#include <source_location>
#include <tuple>
#include <type_traits>
#include <utility>

#include <pyasync/bridge/task_locals.hpp>
#include <pyasync/core/as_task.hpp>
#include <pyasync/core/closure.hpp>
#include <pyasync/core/future.hpp>
#include <pyasync/core/root.hpp>
#include <pyasync/core/task.hpp>
#include <pyasync/uv/loop_pool.hpp>
#include <pyasync/uv/spawn_blocking.hpp>

namespace pyasync {

namespace detail {

/// The locals of what is spawned here: a copy of this task's, or none.
[[nodiscard]] inline locals_ref locals_for_spawned() {
    const ref<task_locals_state> mine = current_or_default_locals();
    return mine ? mine->for_child() : locals_ref();
}

}  // namespace detail

/// Starts a task of its own on one of the libuv loops, and returns a handle on it.
///
///     pyasync::future<int> f = pyasync::spawn(answer());
///
/// **Thread.** Any; the task's home is the loop whose turn it is. Its locals are the spawning task's event loop and a
/// copy of its context. **Cancellation.** By the future. **Errors.** `std::runtime_error` where the loops have stopped,
/// or in a forked child. **Ownership.** The running task owns its coroutine; the future only its result.
template <typename T>
[[nodiscard]] future<T> spawn(task<T> body, const std::source_location& where = std::source_location::current()) {
    return future<T>(detail::root<T>::launch(std::move(body), uv::loop_pool::instance().next(),
                                             detail::locals_for_spawned(), where));
}

/// The same for what can be awaited without being a coroutine: `spawn(call<int>("module:f"))`.
template <detail::context_awaitable Awaitable>
[[nodiscard]] auto spawn(Awaitable awaitable,
                         [[maybe_unused]] const std::source_location& where = std::source_location::current()) {
    if constexpr (requires { std::move(awaitable).spawn_with(detail::current_or_default_locals()); }) {
        return std::move(awaitable).spawn_with(detail::current_or_default_locals());
    } else {
        return spawn(detail::as_task(std::move(awaitable)), where);
    }
}

/// Runs a blocking function on a thread of libuv's pool (four, or UV_THREADPOOL_SIZE), and returns a handle on it.
///
///     auto digest = co_await pyasync::spawn_blocking(&sha256, data);
///
/// **Thread.** Any; `function` runs on a pool thread, without the GIL, in the task's name.
/// **Cancellation.** One that has not begun does not begin; one that runs, runs to its end, and the next wait of the task
/// that awaits it throws. **Errors.** What `function` throws. **Ownership.** `function` and its arguments are moved or
/// copied in.
template <typename Function, typename... Args>
[[nodiscard]] auto spawn_blocking(Function&& function, Args&&... args) {
    detail::require_closure_survives_co_await<Function>();
    (detail::require_value_survives_co_await<Args>(), ...);
    detail::locals_ref locals = detail::locals_for_spawned();
    auto job =
        [acting = detail::ref<detail::task_locals_state>::share(static_cast<detail::task_locals_state*>(locals.get())),
         function = std::decay_t<Function>(std::forward<Function>(function)),
         values = std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)]() mutable -> decltype(auto) {
        const detail::acting_for task(acting);
        return std::apply(std::move(function), std::move(values));
    };
    return uv::spawn_blocking(std::move(job), uv::loop_pool::instance().next(), std::move(locals),
                              std::source_location::current());
}

}  // namespace pyasync
