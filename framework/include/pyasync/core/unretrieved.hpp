// framework/include/pyasync/core/unretrieved.hpp: failures that nobody has taken, for who wants to know of them.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <exception>
#include <source_location>
#include <utility>

namespace pyasync::detail {

/// Is given what an operation has failed with, or was cancelled with, when all are gone that could have taken it: it
/// was detached, or its future was dropped. On any thread, maybe a loop's. `started`: where; line 0 where that is not
/// known.
using unretrieved_observer = void (*)(const std::source_location& started, std::exception_ptr error) noexcept;

/// The one who wants to know, or null. A program goes without: who lets go of a future does not want to hear of it.
inline std::atomic<unretrieved_observer> observer_of_unretrieved{nullptr};

/// `error` may be null: then there is nothing to tell.
inline void tell_unretrieved(const std::source_location& started, std::exception_ptr error) noexcept {
    auto* const observer = observer_of_unretrieved.load(std::memory_order_acquire);
    if (observer != nullptr && error != nullptr) observer(started, std::move(error));
}

}  // namespace pyasync::detail
