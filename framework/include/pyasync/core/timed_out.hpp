// framework/include/pyasync/core/timed_out.hpp: the exception that says that the time was over.
// SPDX-License-Identifier: MIT
#pragma once

#include <exception>

namespace pyasync {

/// Thrown by `timeout`; Python knows it as `TimeoutError`, which is `asyncio.TimeoutError`, too.
class timed_out final : public std::exception {
public:
    [[nodiscard]] const char* what() const noexcept override { return "the time is over"; }
};

}  // namespace pyasync
