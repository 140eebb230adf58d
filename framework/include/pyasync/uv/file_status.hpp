// framework/include/pyasync/uv/file_status.hpp: what the system knows of a file.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

namespace pyasync::uv {

enum class file_type { unknown, regular, directory, symlink, fifo, socket, character_device, block_device };

/// What `stat` tells. A value, nothing more: it does not change with the file.
struct file_status {
    using time = std::chrono::sys_time<std::chrono::nanoseconds>;

    [[nodiscard]] bool is_file() const noexcept { return type == file_type::regular; }
    [[nodiscard]] bool is_directory() const noexcept { return type == file_type::directory; }
    [[nodiscard]] bool is_symlink() const noexcept { return type == file_type::symlink; }

    file_type type = file_type::unknown;
    unsigned permissions = 0;  ///< the lower twelve bits of the mode: 0644, say
    std::uint64_t size = 0;
    std::uint64_t links = 0;
    std::uint64_t owner = 0;
    std::uint64_t group = 0;
    std::uint64_t device = 0;  ///< with `inode`, what makes two paths the same file
    std::uint64_t inode = 0;
    time accessed;
    time modified;  ///< its contents
    time changed;   ///< its status
    time created;   ///< the epoch, where the file system does not know
};

}  // namespace pyasync::uv
