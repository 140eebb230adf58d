// tests/support/matching.hpp: texts of several lines, held against regular expressions.
// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <regex>
#include <string>

namespace tests {

/// Has the text such a part? A `~` in the pattern stands for anything within a line. Where it has not, the test says
/// what there is instead.
inline bool has(const std::string& text, const std::string& pattern) {
    const std::string anything = "[^\n]*";
    std::string expression;
    for (const char each : pattern) expression += each == '~' ? anything : std::string(1, each);
    const bool found = std::regex_search(text, std::regex(expression));
    if (!found) MESSAGE(pattern << "\nis not in\n" << text);
    return found;
}

}  // namespace tests
