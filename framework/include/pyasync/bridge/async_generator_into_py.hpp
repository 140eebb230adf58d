// framework/include/pyasync/bridge/async_generator_into_py.hpp: a C++ async generator as Python's async iterator.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <source_location>
#include <string>
#include <utility>

#include <pyasync/bridge/generator_feed.hpp>
#include <pyasync/core/async_generator.hpp>
#include <pyasync/py/convert.hpp>

namespace pyasync {

namespace detail {

[[nodiscard]] py::bound make_python_generator(py::python py, ref<generator_feed> feed);

}  // namespace detail

/// Makes an async iterator of a C++ generator; a function given to Python may as well return the generator itself.
///
///     py::bound ticks = py::function(py, "ticks", [](int n) { return countdown(n); });   // async_generator<int>
///
///     async for n in ticks(3): ...
///
/// It behaves as Python's async generators do, with `__anext__`, `aclose`, `athrow` and `asend`: lazy; one step at a
/// time (a `RuntimeError` for a second); `StopAsyncIteration` after its end. What differs: it runs on a libuv loop, up
/// to `ahead` items ahead of Python, which takes them without a crossing (0: only while Python waits); it takes no
/// values (`asend(None)` only); and to C++, `aclose()` and `athrow()` are a cancellation: the generator unwinds, it may
/// `co_await` its cleaning up, the items that it was ahead are dropped, and `athrow()` raises its exception then.
///
/// **Thread.** The asyncio thread, with the GIL. It belongs to the loop that runs when it is first awaited; the
/// generator has that loop, and a copy of the context of that moment, as its locals. **Cancellation.** Cancelling the
/// Python task that waits for an item throws `cancelled` into the generator; Python continues when that has unwound:
/// with `CancelledError`, or with the item where it did not let itself be cancelled. Letting go of the iterator cancels
/// the generator, which unwinds on its home loop. **Errors.** Those of the generator, as `to_python_exception` says,
/// after the items before them, their tracebacks grown by the C++ frames that they passed; an item that does not
/// convert. **Ownership.** Takes the generator.
template <typename T>
[[nodiscard]] py::bound async_generator_into_py(py::python py, async_generator<T> body,
                                                std::size_t ahead = default_read_ahead,
                                                const std::source_location& where = std::source_location::current()) {
    return detail::make_python_generator(py,
                                         detail::make_ref<detail::generator_feed_of<T>>(std::move(body), ahead, where));
}

namespace py {

/// An async generator among the arguments of a call, or as the result of a function given to Python.
template <typename T>
struct converter<async_generator<T>> {
    static std::string annotation() {
        const std::string item = annotation_of<T>();
        return "AsyncGenerator[" + (item.empty() ? "Any" : item) + ", None]";
    }
    static bound to_python(python py, async_generator<T>&& body) {
        return async_generator_into_py(py, std::move(body));
    }
};

}  // namespace py
}  // namespace pyasync
