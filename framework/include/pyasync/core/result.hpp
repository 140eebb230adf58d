// framework/include/pyasync/core/result.hpp: what a computation ended with: a value or an exception.
// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

namespace pyasync::detail {

/// Empty until it is set; then a `T` (nothing, for `void`) or an exception.
template <typename T>
class result {
public:
    static_assert(!std::is_reference_v<T>,
                  "a task's result is owned by who awaits it: return a value, not a reference");

    using stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

    template <typename... Args>
    void set_value(Args&&... args) {
        content_.template emplace<1>(std::forward<Args>(args)...);
    }
    void set_error(std::exception_ptr error) noexcept { content_.template emplace<2>(std::move(error)); }

    [[nodiscard]] bool ready() const noexcept { return content_.index() != 0; }
    [[nodiscard]] bool failed() const noexcept { return content_.index() == 2; }

    /// The exception; the result must have failed.
    [[nodiscard]] const std::exception_ptr& error() const noexcept { return *std::get_if<2>(&content_); }

    /// The exception, or null.
    [[nodiscard]] std::exception_ptr failure() const noexcept { return failed() ? error() : nullptr; }

    /// Moves the exception out; the result must have failed, and has still failed then.
    [[nodiscard]] std::exception_ptr take_error() noexcept { return std::move(*std::get_if<2>(&content_)); }

    /// Moves the value out; the result must have one.
    [[nodiscard]] T take() {
        if constexpr (!std::is_void_v<T>) return std::move(*std::get_if<1>(&content_));
    }

    /// Moves what `other` holds in here, which must be ready; where the move throws, that is the error.
    void take_over(result& other) noexcept {
        if (other.failed()) return set_error(other.take_error());
        set_from(*this, [&other] { return other.take(); });
    }

private:
    std::variant<std::monostate, stored, std::exception_ptr> content_;
};

/// Puts what `function()` returns or throws into `outcome`.
template <typename T, typename Function>
void set_from(result<T>& outcome, Function&& function) noexcept {
    try {
        if constexpr (std::is_void_v<T>) {
            std::forward<Function>(function)();
            outcome.set_value();
        } else {
            outcome.set_value(std::forward<Function>(function)());
        }
    } catch (...) {
        outcome.set_error(std::current_exception());
    }
}

}  // namespace pyasync::detail
