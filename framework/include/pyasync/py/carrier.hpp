// framework/include/pyasync/py/carrier.hpp: what an executable that carries its own Python does at the interpreter's start.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include <pyasync/py/python.hpp>

namespace pyasync::py::detail {

/// How Python starts in a standalone executable; on the main thread.
class carrier {
public:
    carrier() = default;
    carrier(const carrier&) = delete;
    carrier& operator=(const carrier&) = delete;

    /// Before Python is there: how it is to start, where nothing outside of the executable has a say.
    virtual PyStatus preinitialise() const noexcept = 0;
    virtual PyStatus configure(PyConfig& config) const noexcept = 0;
    /// Python has just started: makes importable what the executable has in it. Throws `python_error`.
    virtual void prepare(python py) const = 0;
    /// Has `multiprocessing` started this process, to serve it? Then does so, and says what to exit with. Throws
    /// `python_error`.
    [[nodiscard]] virtual std::optional<int> serve(python py) const = 0;

protected:
    ~carrier() = default;
};

/// That of this executable, or null: CMake defines it in every standalone executable (PyasyncStandalone.cmake).
[[nodiscard]] const carrier* carrier_of_this_executable() noexcept;

}  // namespace pyasync::py::detail
