// framework/src/uv/file_status.cpp: libuv's answers about files, as ours.
// SPDX-License-Identifier: MIT
#include "file_status.hpp"

#include <sys/stat.h>

namespace pyasync::uv::detail {
namespace {

file_type type_of_mode(std::uint64_t mode) noexcept {
    switch (mode & S_IFMT) {
        case S_IFREG:
            return file_type::regular;
        case S_IFDIR:
            return file_type::directory;
        case S_IFLNK:
            return file_type::symlink;
        case S_IFIFO:
            return file_type::fifo;
        case S_IFSOCK:
            return file_type::socket;
        case S_IFCHR:
            return file_type::character_device;
        case S_IFBLK:
            return file_type::block_device;
        default:
            return file_type::unknown;
    }
}

file_status::time time_of(const uv_timespec_t& raw) noexcept {
    return file_status::time(std::chrono::seconds(raw.tv_sec) + std::chrono::nanoseconds(raw.tv_nsec));
}

}  // namespace

file_status status_of(const uv_stat_t& raw) noexcept {
    constexpr std::uint64_t permission_bits = 07777;
    file_status status;
    status.type = type_of_mode(raw.st_mode);
    status.permissions = static_cast<unsigned>(raw.st_mode & permission_bits);
    status.size = raw.st_size;
    status.links = raw.st_nlink;
    status.owner = raw.st_uid;
    status.group = raw.st_gid;
    status.device = raw.st_dev;
    status.inode = raw.st_ino;
    status.accessed = time_of(raw.st_atim);
    status.modified = time_of(raw.st_mtim);
    status.changed = time_of(raw.st_ctim);
    status.created = time_of(raw.st_birthtim);
    return status;
}

file_type type_of(uv_dirent_type_t raw) noexcept {
    switch (raw) {
        case UV_DIRENT_FILE:
            return file_type::regular;
        case UV_DIRENT_DIR:
            return file_type::directory;
        case UV_DIRENT_LINK:
            return file_type::symlink;
        case UV_DIRENT_FIFO:
            return file_type::fifo;
        case UV_DIRENT_SOCKET:
            return file_type::socket;
        case UV_DIRENT_CHAR:
            return file_type::character_device;
        case UV_DIRENT_BLOCK:
            return file_type::block_device;
        default:
            return file_type::unknown;
    }
}

}  // namespace pyasync::uv::detail
