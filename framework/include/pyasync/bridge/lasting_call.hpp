// framework/include/pyasync/bridge/lasting_call.hpp: a call whose arguments live as long as its coroutine.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include <pyasync/core/as_task.hpp>
#include <pyasync/core/task.hpp>
#include <pyasync/py/gil.hpp>

namespace pyasync::detail {

/// Could a coroutine of `Function` refer to what goes at the end of the call: its captures, an argument by reference?
template <typename Function, typename... Args>
inline constexpr bool refers_to_call =
    (std::is_class_v<Function> && !std::is_empty_v<Function>) || (std::is_reference_v<Args> || ...);

/// What needs the GIL cannot be an argument of a coroutine, which runs without.
template <typename... Args>
constexpr void require_arguments_free_of_gil() {
    static_assert((!py::detail::holds_bound<std::decay_t<Args>>::value && ...),
                  "a coroutine runs without the GIL, where a py::bound is of no use: take a py::object");
    static_assert((!std::is_same_v<std::decay_t<Args>, py::python> && ...),
                  "a coroutine runs without the GIL, so it has no py::python: co_await on_asyncio() gives one");
}

/// One call of a function: the function and the arguments, to be kept until its coroutine has ended.
template <typename Function, typename... Args>
class lasting_call {
public:
    lasting_call(std::shared_ptr<Function> function, std::decay_t<Args>&&... args)
        : function_(std::move(function)), arguments_(std::move(args)...) {}

    [[nodiscard]] auto operator()() {
        return std::apply([this](auto&... kept) { return (*function_)(static_cast<Args&&>(kept)...); }, arguments_);
    }

private:
    std::shared_ptr<Function> function_;
    std::tuple<std::decay_t<Args>...> arguments_;
};

/// Runs `body` while it keeps `kept`, whatever that is.
template <typename T>
task<T> run_keeping([[maybe_unused]] std::shared_ptr<const void> kept, task<T> body) {
    untraced<task<T>> quiet(std::move(body));
    co_return co_await std::move(quiet);
}

}  // namespace pyasync::detail
