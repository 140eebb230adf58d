// framework/src/standalone/archive_module.hpp: the archive as Python's importer sees it.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/py/python.hpp>

#include "archive.hpp"

namespace pyasync::detail {

/// Makes the built-in module `_pyasync_archive` of that archive; before Python starts. Its functions:
///
///     find(name) -> tuple[int, str] | None    the kind, and the path below the executable
///     code(name) -> CodeType | None           of a Python module
///     source(name) -> bytes | None            of a Python module, as it was in the file
///     why(name) -> str                        an unusable extension cannot be used
///     load(spec) -> ModuleType                an extension; throws ImportError
///     data(file) -> bytes | None              of a file
///     names(prefix) -> list[str]              of all modules that begin so
///     files(prefix) -> list[str]              the same of files
void add_archive_module(const archive& from) noexcept;

}  // namespace pyasync::detail
