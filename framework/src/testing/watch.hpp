// framework/src/testing/watch.hpp: the text of watch.py, as a module.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/py/object.hpp>

namespace pyasync::testing::detail {

/// The source, in a file that the build makes.
extern const char* const watch_source;

/// The module, made at the first call.
[[nodiscard]] py::bound watch_tools(py::python py);

/// From here to the end of the scope, Python's hooks are a `Watch`'s. Under the GIL, on the main thread.
class python_watch {
public:
    explicit python_watch(const py::bound& tools);
    python_watch(const python_watch&) = delete;
    python_watch& operator=(const python_watch&) = delete;
    ~python_watch();

    [[nodiscard]] const py::bound& object() const noexcept { return watch_; }

private:
    py::bound watch_;
};

}  // namespace pyasync::testing::detail
