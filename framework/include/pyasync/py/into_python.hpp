// framework/include/pyasync/py/into_python.hpp: what becomes of a thread that Python ends while C++ is on its stack.
// SPDX-License-Identifier: MIT
#pragma once

#include <cxxabi.h>

#include <utility>

namespace pyasync::py::detail {

/// Never returns.
[[noreturn]] void stay_for_good() noexcept;

/// Calls into Python, for which it may give up the GIL and want it back.
///
/// A daemon thread that wants the GIL after Python's finalisation has begun gets no answer: CPython (up to 3.13)
/// unwinds its stack with `pthread_exit`, which would run the destructors of C++ frames without the GIL, and abort at
/// the first `noexcept`. So here, in the innermost frame, it stays where it is until the process has ended, as CPython
/// 3.14 has it. Costs nothing where that does not happen.
template <typename Function>
#ifdef __GLIBCXX__
__attribute__((no_sanitize("undefined")))  // there is no object of that class
#endif
decltype(auto) into_python(Function&& function) {
#ifdef __GLIBCXX__
    try {
        return std::forward<Function>(function)();
    } catch (const abi::__forced_unwind&) {
        stay_for_good();
    }
#else
    return std::forward<Function>(function)();
#endif
}

}  // namespace pyasync::py::detail
