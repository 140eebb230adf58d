// framework/src/uv/file_state.hpp: what an open file consists of.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

#include <pyasync/uv/file.hpp>
#include "file_request.hpp"

namespace pyasync::uv {

/// Shared with the operations under way: the last one that lets go closes it.
struct file::state {
    state() = default;
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() {
        if (number >= 0) detail::close_in_background(number);
    }

    std::filesystem::path path;
    std::atomic<int> number{-1};
};

}  // namespace pyasync::uv
