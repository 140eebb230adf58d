// framework/include/pyasync/core/unretrieved.hpp: failures that nobody has taken, for who wants to know of them.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <exception>
#include <source_location>
#include <utility>

namespace pyasync::detail {

class task_locals_base;

/// Is given what an operation has failed with, or was cancelled with, when all are gone that could have taken it: it
/// was detached, or its future was dropped. On any thread, maybe a loop's. `started`: where; line 0 where that is not
/// known. `carried`: the locals of a task that had been let go of when it ended; else null.
using unretrieved_observer = void (*)(const std::source_location& started, const task_locals_base* carried,
                                      std::exception_ptr error) noexcept;

/// The one who wants to know, or null. Who lets go of a future does not want to hear of it: a program looks for a
/// `sys.exit()` only.
inline std::atomic<unretrieved_observer> observer_of_unretrieved{nullptr};

/// `error` may be null: then there is nothing to tell.
inline void tell_unretrieved(const std::source_location& started, const task_locals_base* carried,
                             std::exception_ptr error) noexcept {
    auto* const observer = observer_of_unretrieved.load(std::memory_order_acquire);
    if (observer != nullptr && error != nullptr) observer(started, carried, std::move(error));
}

}  // namespace pyasync::detail
