// framework/include/pyasync/py/own_path.hpp: the file that this program was started from.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace pyasync::py::detail {

/// Of the running program, as the kernel has it; where there is no /proc, as in a bare chroot, as it was started. (Not by
/// functions of std::filesystem: with those comes the whole of iostreams, a quarter of a megabyte in a standalone file.)
[[nodiscard]] std::filesystem::path own_path();

/// A path that does not begin at the root is relative to the current folder.
[[nodiscard]] std::filesystem::path absolute(const std::filesystem::path& path);

}  // namespace pyasync::py::detail
