// framework/include/pyasync/py/gil.hpp: taking the GIL, as long as there is an interpreter to take it from.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <pyasync/py/object.hpp>

namespace pyasync::py {

/// Holds the GIL on this thread for as long as it lives; waits for it in its constructor.
///
/// **Thread.** Any; may be nested. **Errors.** `std::runtime_error` where no interpreter runs, or one is about to be
/// finalised: never a hang.
class gil {
public:
    gil();
    gil(const gil&) = delete;
    gil& operator=(const gil&) = delete;
    ~gil();

    [[nodiscard]] python token() const noexcept { return detail::token_maker::make(); }

private:
    PyGILState_STATE before_;
};

namespace detail {

/// Turns further `gil`s away and waits, for `limit` at most, until the present ones are gone; false where some are not.
[[nodiscard]] bool close_gil(std::chrono::milliseconds limit);
/// A new interpreter: `gil`s are welcome.
void open_gil() noexcept;

/// Does this thread hold the main interpreter's GIL? Any thread, at any time. (PyGILState_Check() says so of every
/// thread, once the process has had a second interpreter.)
[[nodiscard]] bool holds_gil() noexcept;

template <typename T>
struct holds_bound : std::is_same<T, bound> {};
template <typename... Ts>
struct holds_bound<std::tuple<Ts...>> : std::disjunction<holds_bound<Ts>...> {};
template <typename... Ts>
struct holds_bound<std::variant<Ts...>> : std::disjunction<holds_bound<Ts>...> {};
template <typename A, typename B>
struct holds_bound<std::pair<A, B>> : std::disjunction<holds_bound<A>, holds_bound<B>> {};
template <typename T>
struct holds_bound<std::optional<T>> : holds_bound<T> {};
template <typename T>
struct holds_bound<std::vector<T>> : holds_bound<T> {};
template <typename T, std::size_t Count>
struct holds_bound<std::array<T, Count>> : holds_bound<T> {};

template <typename T>
concept coroutine_type = requires { typename T::promise_type; };

/// What may leave a function that holds the GIL.
template <typename Result>
constexpr void require_free_of_gil() {
    static_assert(!holds_bound<std::decay_t<Result>>::value && !std::is_same_v<std::decay_t<Result>, python>,
                  "a py::bound is good under the GIL only: return value.unbind(), or value.to<T>()");
    static_assert(!coroutine_type<std::decay_t<Result>>,
                  "a coroutine would run after the GIL has been given up: return a value, and co_await outside");
}

}  // namespace detail
}  // namespace pyasync::py
