// framework/include/pyasync/uv/buffer.hpp: bytes that are written or read, wherever they lie.
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <ranges>
#include <string_view>
#include <type_traits>

namespace pyasync::uv {

namespace detail {

/// A string, a vector or a span of bytes, but no array: a literal's last byte is none that is meant.
template <typename Range>
concept byte_range =
    std::ranges::contiguous_range<Range> && std::ranges::sized_range<Range> &&
    sizeof(std::ranges::range_value_t<Range>) == 1 && std::is_trivially_copyable_v<std::ranges::range_value_t<Range>> &&
    !std::is_array_v<std::remove_cvref_t<Range>>;

template <typename Range>
concept writable_byte_range =
    byte_range<Range> && !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<Range>>>;

}  // namespace detail

/// Bytes to be written: a string, a literal, a `std::vector<std::byte>`, a span of them. Refers to them, and does not
/// own them: they stay where they are until the operation has ended.
class const_buffer {
public:
    const_buffer(const char* text) noexcept : const_buffer(std::string_view(text)) {}
    template <detail::byte_range Range>
        requires(!std::same_as<std::remove_cvref_t<Range>, const_buffer>)
    const_buffer(const Range& bytes) noexcept
        : data_(reinterpret_cast<const char*>(std::ranges::data(bytes))), size_(std::ranges::size(bytes)) {}

    [[nodiscard]] const char* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] const char* begin() const noexcept { return data_; }
    [[nodiscard]] const char* end() const noexcept { return data_ + size_; }

private:
    const char* data_;
    std::size_t size_;
};

/// Room for bytes that are read: a `std::string` or a vector of the wished size, a `std::array`, a span. Refers to it.
class mutable_buffer {
public:
    mutable_buffer() noexcept : data_(nullptr), size_(0) {}
    mutable_buffer(char* data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <detail::writable_byte_range Range>
        requires(!std::same_as<std::remove_cvref_t<Range>, mutable_buffer>)
    mutable_buffer(Range&& room) noexcept
        : data_(reinterpret_cast<char*>(std::ranges::data(room))), size_(std::ranges::size(room)) {}

    [[nodiscard]] char* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] char* begin() const noexcept { return data_; }
    [[nodiscard]] char* end() const noexcept { return data_ + size_; }

    /// What is left behind the first `size` bytes.
    [[nodiscard]] mutable_buffer subspan(std::size_t size) const noexcept { return {data_ + size, size_ - size}; }

private:
    char* data_;
    std::size_t size_;
};

}  // namespace pyasync::uv
