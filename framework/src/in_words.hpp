// framework/src/in_words.hpp: places in C++ as reports name them.
// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <source_location>
#include <string>

#include <pyasync/py/error.hpp>

namespace pyasync::detail {

/// "main.cpp:12 in run".
[[nodiscard]] inline std::string in_words(const std::source_location& where) {
    return fmt::format("{}:{} in {}", where.file_name(), where.line(), py::detail::function_name(where));
}

/// "a C++ task or function started at main.cpp:12 in run".
[[nodiscard]] inline std::string started_at(const std::source_location& where) {
    return "a C++ task or function started at " + in_words(where);
}

}  // namespace pyasync::detail
