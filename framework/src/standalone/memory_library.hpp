// framework/src/standalone/memory_library.hpp: shared libraries out of the executable's memory.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace pyasync::detail {

/// Makes a shared library's bytes a file that `dlopen` can open: one in memory, which has no name in any folder; where the
/// system has none of those, or no /proc to name it by, a temporary file.
///
/// **Lifetime.** The file in memory stays open for good: another one under its number would be taken for this library.
/// **Errors.** `std::runtime_error` that says what was tried.
class memory_library {
public:
    memory_library(std::string_view name, std::string_view data);
    memory_library(const memory_library&) = delete;
    memory_library& operator=(const memory_library&) = delete;
    /// Deletes the temporary file, which what has been loaded does not need any more.
    ~memory_library();

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
    bool temporary_ = false;
};

}  // namespace pyasync::detail
