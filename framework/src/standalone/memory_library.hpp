// framework/src/standalone/memory_library.hpp: shared libraries out of the executable's memory.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace pyasync::detail {

/// Makes a shared library's bytes a file that `dlopen` can open: one in memory, which has no name in any folder; where the
/// system has none of those, or no /proc to name it by, a temporary file.
///
/// No two have the same path, ever: the dynamic linker knows what it has loaded by that. Under the GIL. **Lifetime.** The file is
/// gone when this object is; what has been loaded from it stays. **Errors.** `std::runtime_error` that says what was tried.
class memory_library {
public:
    memory_library(std::string_view name, std::string_view data);
    memory_library(const memory_library&) = delete;
    memory_library& operator=(const memory_library&) = delete;
    ~memory_library();

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
    int descriptor_ = -1;  ///< of the file in memory; -1 where it is a temporary one
};

}  // namespace pyasync::detail
