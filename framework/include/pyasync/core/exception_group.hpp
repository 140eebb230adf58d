// framework/include/pyasync/core/exception_group.hpp: several exceptions that are thrown as one.
// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <pyasync/core/task_context.hpp>

namespace pyasync {

/// Thrown where more than one of several tasks has failed, each with an exception of its own; Python knows it as
/// `ExceptionGroup` (`BaseExceptionGroup` where one of them is no `Exception` there).
///
///     try {
///         co_await pyasync::when_all(first(), second());
///     } catch (const pyasync::exception_group& failed) {
///         for (const std::exception_ptr& error : failed.errors()) report(error);
///     }
///
/// **Thread.** Copied, inspected and destroyed on any. **Ownership.** Copies share the exceptions.
class exception_group final : public std::exception {
public:
    /// `std::invalid_argument` for no errors at all. `trails` are the ways that some of them have come.
    explicit exception_group(std::vector<std::exception_ptr> errors, std::vector<detail::exception_trail> trails = {});

    /// At least one, in the order in which they came.
    [[nodiscard]] const std::vector<std::exception_ptr>& errors() const noexcept;

    /// How many, and below what each of them says.
    [[nodiscard]] const char* what() const noexcept override;

    /// For the bridge: the way that one of the errors has come, or null.
    [[nodiscard]] const detail::exception_trail* trail_of(const std::exception_ptr& error) const noexcept;

private:
    struct content;
    std::shared_ptr<const content> content_;
};

}  // namespace pyasync
