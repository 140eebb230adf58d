// framework/src/standalone/extensions.hpp: loading what extension modules need out of the executable.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <pyasync/py/python.hpp>

#include "archive.hpp"

namespace pyasync::detail {

/// Loads an extension, and before it the libraries that it needs, those that are in the archive; for good, and once, however
/// often it is asked for. Gives the path by which the dynamic linker, and so CPython, knows it: no file is there any more.
/// Under the GIL.
/// **Errors.** `python_error` of what unpacks it; `std::runtime_error` that names the extension, the library, and why it does not load.
[[nodiscard]] const std::string& load_extension(py::python py, const archive& from, const archive::module& extension);

}  // namespace pyasync::detail
