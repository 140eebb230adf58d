// framework/src/uv/file_status.hpp: libuv's answers about files, as ours.
// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <pyasync/uv/file_status.hpp>

namespace pyasync::uv::detail {

[[nodiscard]] file_status status_of(const uv_stat_t& raw) noexcept;
[[nodiscard]] file_type type_of(uv_dirent_type_t raw) noexcept;

}  // namespace pyasync::uv::detail
