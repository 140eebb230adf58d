// cmake/standalone/packed/trailer.hpp: what ends a packed executable.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

/// COMPRESS exe: the file is the launcher; behind that the executable, as zstd has compressed it; and this.
struct trailer {
    static constexpr std::string_view magic = "PYASYNCZ";

    std::uint64_t compressed;  ///< bytes
    std::uint64_t whole;       ///< bytes, unpacked
    std::array<char, magic.size()> mark;

    [[nodiscard]] bool is_one() const noexcept { return std::memcmp(mark.data(), magic.data(), magic.size()) == 0; }
};

/// The end of a file of that size, or null.
inline const trailer* trailer_of(const char* begin, std::size_t size) noexcept {
    if (size < sizeof(trailer)) return nullptr;
    const auto* const found = reinterpret_cast<const trailer*>(begin + size - sizeof(trailer));
    return found->is_one() ? found : nullptr;
}
