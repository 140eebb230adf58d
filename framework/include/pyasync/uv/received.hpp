// framework/include/pyasync/uv/received.hpp: bytes that have come and that nobody has asked for yet.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <pyasync/uv/buffer.hpp>

namespace pyasync::uv::detail {

/// What a stream has received beyond what its readers have taken. Owns memory only while there is something in it.
class received {
public:
    [[nodiscard]] bool empty() const noexcept { return taken_ == bytes_.size(); }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() - taken_; }
    [[nodiscard]] std::string_view view() const noexcept { return std::string_view(bytes_).substr(taken_); }

    /// Adds some more; throws `std::bad_alloc`.
    void append(std::string_view bytes);

    /// Takes as much of it as there is room for.
    std::size_t take(mutable_buffer into) noexcept;
    [[nodiscard]] std::string take(std::size_t size);

    /// Where `delimiter`, which is not empty, ends for the first time. What is before `searched`, which grows with each
    /// look, has been looked at already.
    [[nodiscard]] std::optional<std::size_t> end_of(std::string_view delimiter, std::size_t& searched) const noexcept;

private:
    void dropped(std::size_t size) noexcept;

    std::string bytes_;
    std::size_t taken_ = 0;
};

}  // namespace pyasync::uv::detail
