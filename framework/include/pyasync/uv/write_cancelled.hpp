// framework/include/pyasync/uv/write_cancelled.hpp: how far a write had come that was cancelled.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include <pyasync/core/cancellation.hpp>

namespace pyasync::uv {

/// A write has been cancelled when a part of it had gone out: the stream or file is as good as before, and whoever goes on
/// with the byte at `written` loses nothing.
class write_cancelled final : public cancelled {
public:
    explicit write_cancelled(std::size_t bytes) noexcept : written(bytes) {}
    [[nodiscard]] const char* what() const noexcept override { return "the task was cancelled while it wrote"; }

    std::size_t written;
};

}  // namespace pyasync::uv
