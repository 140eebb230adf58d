// framework/include/pyasync/py/interpreter.hpp: CPython's life inside a C++ program.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <pyasync/py/python.hpp>

namespace pyasync::py {

struct interpreter_options {
    /// Go before everything else on `sys.path`, after the program's own folder.
    std::vector<std::filesystem::path> module_search_paths = {};
    /// Python's isolated mode: no environment variables, no user site-packages, no program's folder on `sys.path`.
    bool isolated = false;
    /// `sys.argv`; the first is the program's name.
    std::vector<std::string> arguments = {};
};

/// The embedded interpreter: initialised by the constructor, finalised by the destructor.
///
/// It is the Python that the application was built with, where CMake has built it; else the one that CPython's own
/// search finds. A virtual environment that is active (VIRTUAL_ENV) and belongs to the same version is used, unless
/// `isolated`. A standalone executable (docs/standalone.md) has its own in it and is always isolated; where
/// `multiprocessing` has started it to serve, the constructor does that and exits.
/// **Thread.** Made and destroyed on the main thread; it leaves the GIL free. One at a time, and once in a process: a
/// second one is a `std::logic_error`, since extension modules do not survive a finalisation.
/// **Errors.** `std::runtime_error` with Python's message where it cannot start.
class interpreter {
public:
    explicit interpreter(const interpreter_options& options = {});
    interpreter(const interpreter&) = delete;
    interpreter& operator=(const interpreter&) = delete;
    ~interpreter();

    /// Turns new users of the GIL away, waits until the present ones have left, `limit` at most, and finalises; false
    /// where some have not left: Python then stays as it is, and the process should end without ado.
    [[nodiscard]] bool finalise(std::chrono::milliseconds limit);

    /// The same, but nothing is taken apart: Python's threads are joined, `atexit` runs, its streams are flushed. The calling
    /// thread keeps the GIL for good, so that nobody else gets it.
    [[nodiscard]] bool leave(std::chrono::milliseconds limit);

    /// Has this library started Python, and not somebody else?
    [[nodiscard]] static bool exists() noexcept { return exists_; }

    /// Leaves Python as it is, for good: somebody still uses it who does not end.
    void abandon() noexcept { main_thread_ = nullptr; }

private:
    [[nodiscard]] bool take_back(std::chrono::milliseconds limit);

    inline static bool exists_ = false;  ///< for good: a process has one

    PyThreadState* main_thread_ = nullptr;
};

}  // namespace pyasync::py
