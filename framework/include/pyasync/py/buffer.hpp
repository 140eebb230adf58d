// framework/include/pyasync/py/buffer.hpp: memory of a Python object, used where it is.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include <pyasync/py/convert.hpp>

namespace pyasync::py {

/// The memory of a `bytes`, `bytearray`, `memoryview`, `array.array`, NumPy array: of anything with the buffer
/// protocol, without a copy. It has to be contiguous, in C's order.
///
///     task<std::uint64_t> checksum(py::buffer data) { co_return fnv(data.bytes()); }
///
/// While a `buffer` lives, the object keeps the memory where it is: a `bytearray` cannot be resized (Python gets a
/// `BufferError`). **Thread.** Made under the GIL; used, moved and destroyed on any thread, without it. Python may
/// write to the memory meanwhile, if it can be written to: leave it alone, as you would with a thread. **Errors.** A
/// `TypeError` for what has no buffer; a `BufferError` for one that is not contiguous. **Ownership.** Keeps the object.
class buffer {
public:
    explicit buffer(const bound& source);

    /// All of it.
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// The object that the memory belongs to.
    [[nodiscard]] bound owner(python py) const;

private:
    object view_;  ///< a memoryview: the memory is released with it, under the GIL
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

/// The same, to be written to.
///
/// **Errors.** A `BufferError` for what is read-only: `bytes`.
class writable_buffer {
public:
    explicit writable_buffer(const bound& source);

    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return {data_, size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bound owner(python py) const;

private:
    object view_;
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

template <>
struct converter<buffer> {
    static const char* annotation() { return "collections.abc.Buffer"; }
    static bound to_python(python py, const buffer& value) { return value.owner(py); }
    static buffer from_python(const bound& source) { return buffer(source); }
};

template <>
struct converter<writable_buffer> {
    static const char* annotation() { return "collections.abc.Buffer"; }
    static bound to_python(python py, const writable_buffer& value) { return value.owner(py); }
    static writable_buffer from_python(const bound& source) { return writable_buffer(source); }
};

}  // namespace pyasync::py
