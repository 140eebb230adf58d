// framework/include/pyasync/bridge/spawn.hpp: starting tasks and blocking functions beside the running task.
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
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

template <typename Function, typename... Args>
[[nodiscard]] auto launch_blocking(const std::source_location& where, Function&& function, Args&&... args) {
    locals_ref locals = locals_for_spawned();
    auto job = [acting = ref<task_locals_state>::share(static_cast<task_locals_state*>(locals.get())),
                function = std::decay_t<Function>(std::forward<Function>(function)),
                values = std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)]() mutable -> decltype(auto) {
        const acting_for task(acting);
        return std::apply(std::move(function), std::move(values));
    };
    return uv::spawn_blocking(std::move(job), uv::loop_pool::instance().next(), std::move(locals), where);
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

/// The same on a loop of one's own choice: the task is at home there.
///
///     pyasync::uv::loop& here = co_await pyasync::this_task::loop();
///     auto beside = pyasync::spawn_on(here, answer());  // shares what belongs to this loop, a socket say
///
/// **Thread.** Any; the loop is one of `uv::loops()`, or one that outlives the task. The rest is as with `spawn`.
template <typename T>
[[nodiscard]] future<T> spawn_on(uv::loop& home, task<T> body,
                                 const std::source_location& where = std::source_location::current()) {
    return future<T>(detail::root<T>::launch(std::move(body), uv::loop_pool::instance().chosen(home),
                                             detail::locals_for_spawned(), where));
}
/// The same for what can be awaited without being a coroutine; Python code runs on the event loop all the same.
template <detail::context_awaitable Awaitable>
[[nodiscard]] auto spawn_on(uv::loop& home, Awaitable awaitable,
                            const std::source_location& where = std::source_location::current()) {
    return spawn_on(home, detail::as_task(std::move(awaitable)), where);
}

/// Runs a blocking function on a thread of libuv's pool (four, or UV_THREADPOOL_SIZE), and returns a handle on it.
///
///     auto digest = co_await pyasync::spawn_blocking(&sha256, data);
///
/// **Thread.** Any; `function` runs on a pool thread, without the GIL, in the task's name.
/// **Cancellation.** One that has not begun does not begin; one that runs, runs to its end, and the next wait of the task
/// that awaits it throws. **Errors.** What `function` throws. **Ownership.** `function` and its arguments are moved or
/// copied in. **Reports** name it by the place of this call, where `function` has no arguments.
template <typename Function>
[[nodiscard]] auto spawn_blocking(Function&& function,
                                  const std::source_location& where = std::source_location::current()) {
    detail::require_closure_survives_co_await<Function>();
    return detail::launch_blocking(where, std::forward<Function>(function));
}
/// The same for a function with arguments, which reports name by the place of the `co_await` alone.
template <typename Function, typename First, typename... Args>
    requires std::invocable<std::decay_t<Function>, std::decay_t<First>, std::decay_t<Args>...>
[[nodiscard]] auto spawn_blocking(Function&& function, First&& first, Args&&... args) {
    detail::require_closure_survives_co_await<Function>();
    detail::require_value_survives_co_await<First>();
    (detail::require_value_survives_co_await<Args>(), ...);
    return detail::launch_blocking(std::source_location::current(), std::forward<Function>(function),
                                   std::forward<First>(first), std::forward<Args>(args)...);
}

}  // namespace pyasync
