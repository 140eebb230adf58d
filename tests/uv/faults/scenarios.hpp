// tests/uv/faults/scenarios.hpp: what calls libuv's functions: small programs that do real work.
// SPDX-License-Identifier: MIT
#pragma once

#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "faults.hpp"

namespace pyasync::test::faults {

struct scenario {
    const char* name;
    /// Makes its loops, does its work between `begin` and the loops' end, and throws where it fails.
    void (*run)();
    /// What happens in it even without a fault.
    std::vector<fault> usual;
    /// Between `begin` and the end of its work.
    bool starts_loop = false;
};

[[nodiscard]] std::span<const scenario> scenarios();

}  // namespace pyasync::test::faults
