// framework/include/pyasync/core/task_report.hpp: what a task says of itself to who asks what it waits for.
// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include <pyasync/core/ref.hpp>

namespace pyasync::detail {

/// What an operation is known by, to itself and to who waits for it. Those that are a part of the awaiting coroutine
/// follow one another at one address: the line of the `co_await` tells them apart.
struct report_id {
    const void* address = nullptr;
    std::uint_least32_t line = 0;

    friend auto operator<=>(const report_id&, const report_id&) = default;
};

/// Something that can be waited for: what any thread may know of it, since it does not change.
struct reported_operation {
    report_id id;
    std::string what;
    std::source_location started{};    ///< line 0 where there is no such place
    ref<const ref_counted> kept = {};  ///< as long as it is there, no other operation has its address
};

/// A task, or a blocking function, described by its home.
struct task_report {
    static constexpr std::size_t most_places = 100;

    reported_operation self;
    bool cancelled = false;  ///< it has been asked to end, whatever became of that
    bool waits = false;
    std::string waits_for;                     ///< where it does
    std::vector<std::source_location> places;  ///< of the `co_await`s that it stands in, innermost first
    std::size_t places_left_out = 0;           ///< further out, beyond so many
    std::vector<reported_operation> awaited;

    /// Further out there is that place; nothing where it is none: a coroutine that the user has not written.
    void add_place(const std::source_location& where) {
        if (where.line() == 0) return;
        if (places.size() < most_places) {
            places.push_back(where);
        } else {
            ++places_left_out;
        }
    }

    /// It waits for that alone.
    void waits_for_one(reported_operation operation) {
        waits_for = operation.what;
        awaited.push_back(std::move(operation));
    }
};

}  // namespace pyasync::detail
