// framework/include/pyasync/core/closure.hpp: a guard against a fault of GCC 12 in co_await expressions.
// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

namespace pyasync::detail {

/// GCC before 13 copies a lambda (or another aggregate) that is a temporary of a `co_await` expression bit by bit, and
/// destroys both: captures that own something are freed twice. Functions that are likely to be used in such an
/// expression refuse what would break; with later compilers nothing is refused.
template <typename Function>
constexpr void require_closure_survives_co_await() {
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
    static_assert(std::is_lvalue_reference_v<Function> || std::is_trivially_copyable_v<std::remove_cvref_t<Function>>,
                  "GCC 12 would free this lambda's captures twice if it stands in a co_await expression: pass what it "
                  "needs as arguments behind it, or give it a name and pass that (not moved)");
#endif
}

/// The same for a value that goes along.
template <typename Value>
constexpr void require_value_survives_co_await() {
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
    using value = std::remove_cvref_t<Value>;
    static_assert(
        std::is_lvalue_reference_v<Value> || std::is_trivially_copyable_v<value> || !std::is_aggregate_v<value>,
        "GCC 12 would free what this aggregate owns twice if it stands in a co_await expression: give it a "
        "name and pass that (not moved)");
#endif
}

}  // namespace pyasync::detail
