// framework/src/standalone/extensions.hpp: loading what extension modules need out of the executable.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/py/python.hpp>

#include "archive.hpp"
#include "memory_library.hpp"

namespace pyasync::detail {

/// Loads the libraries that an extension needs, those that are in the archive, and gives the extension itself as a file
/// that is to be loaded while the result lives. Under the GIL.
/// **Errors.** `python_error` of what unpacks it; `std::runtime_error` that names the extension, the library, and why it does not load.
[[nodiscard]] memory_library open_extension(py::python py, const archive& from, const archive::module& extension);

}  // namespace pyasync::detail
