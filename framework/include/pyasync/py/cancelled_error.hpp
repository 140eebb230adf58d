// framework/include/pyasync/py/cancelled_error.hpp: a CancelledError of Python's in C++.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include <pyasync/core/cancellation.hpp>
#include <pyasync/py/object.hpp>

namespace pyasync::py {

/// `cancelled`, where it is Python that has raised `asyncio.CancelledError`, or a class derived from it.
///
/// It owns the exception object: let it go back to Python and the same object arrives. **Thread.** As `python_error`:
/// made under the GIL; copied, inspected and destroyed on any thread.
class cancelled_error final : public cancelled {
public:
    /// Takes the exception that Python has set on this thread; it must be a CancelledError.
    [[nodiscard]] static cancelled_error fetch(python py);

    /// That the task was cancelled, and the message that it was cancelled with, if any.
    [[nodiscard]] const char* what() const noexcept override;

    /// The exception object itself.
    [[nodiscard]] const object& value() const noexcept;

private:
    struct state;
    explicit cancelled_error(std::shared_ptr<const state> content) noexcept : state_(std::move(content)) {}

    std::shared_ptr<const state> state_;
};

namespace detail {

/// Gives a CancelledError that has no message the one that Python's caller of `cancel` has given; null is none. By its
/// message, some callers know their own cancellation.
void add_message(const bound& cancelled_error, PyObject* message) noexcept;

}  // namespace detail
}  // namespace pyasync::py
