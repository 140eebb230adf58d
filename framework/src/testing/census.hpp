// framework/src/testing/census.hpp: what runs on the libuv loops for an event loop, at one moment.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include <pyasync/bridge/asyncio_inbox.hpp>
#include <pyasync/core/task_report.hpp>

namespace pyasync::testing::detail {

/// The tasks and blocking functions that run, each in a line.
struct census {
    std::vector<std::string> asked_to_end;
    std::vector<std::string> others;
    std::set<pyasync::detail::report_id> all;  ///< both
    /// Have all loops answered? Then they have also done all that had been sent to them before.
    bool complete = true;

    [[nodiscard]] bool empty() const noexcept { return asked_to_end.empty() && others.empty(); }
};

/// What carries `inbox` in its locals, or has none, but for what was there `before`. Waits for each loop for `patience` at
/// most, GIL or not: they do not need it. Not from a loop thread.
[[nodiscard]] census take_census(const pyasync::detail::asyncio_inbox& inbox, std::chrono::milliseconds patience,
                                 const std::set<pyasync::detail::report_id>& before = {});

/// Do all loops answer within `patience`?
[[nodiscard]] bool loops_answer(std::chrono::milliseconds patience);

}  // namespace pyasync::testing::detail
