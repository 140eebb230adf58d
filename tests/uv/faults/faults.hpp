// tests/uv/faults/faults.hpp: one call of one of libuv's functions that fails, and how often each is called.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

namespace pyasync::test::faults {

/// How a call fails.
enum class way {
    refused,    ///< with UV_ENOMEM
    again,      ///< with UV_EAGAIN: what the system's full buffers come to
    in_the_end  ///< it is begun, and its callback is told of UV_ENOENT
};

/// Which call: the one with that number (the first is 1), by whatever thread.
struct fault {
    std::size_t function = none;
    unsigned call = 0;
    way how = way::refused;

    static constexpr std::size_t none = static_cast<std::size_t>(-1);
    [[nodiscard]] std::string to_string() const;
};

/// libuv's functions that can fail; a fault's `function` is a place in this list.
[[nodiscard]] std::span<const char* const> functions() noexcept;
[[nodiscard]] std::size_t place_of(const std::string& function);

/// Can it fail in this way?
[[nodiscard]] bool is_possible(std::size_t function, way how) noexcept;

constexpr unsigned any_number = ~0U;

/// From `begin` to `end` calls are counted, and these fail; so do those that need more than so many descriptors.
void prepare(const std::vector<fault>& planned, unsigned descriptors_left = any_number);
void begin() noexcept;
/// How often each function has been called.
std::vector<unsigned> end();

}  // namespace pyasync::test::faults
