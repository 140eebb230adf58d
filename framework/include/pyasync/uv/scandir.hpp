// framework/include/pyasync/uv/scandir.hpp: what is in a directory, as a stream.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include <pyasync/core/async_generator.hpp>
#include <pyasync/uv/file_status.hpp>

namespace pyasync::uv {

/// A name in a directory, and what has it.
class directory_entry {
public:
    directory_entry(std::string name, file_type type) noexcept : name_(std::move(name)), type_(type) {}

    /// Without the directory.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    /// `unknown` on file systems that do not say it there: `lstat` does.
    [[nodiscard]] file_type type() const noexcept { return type_; }
    [[nodiscard]] bool is_file() const noexcept { return type_ == file_type::regular; }
    [[nodiscard]] bool is_directory() const noexcept { return type_ == file_type::directory; }
    [[nodiscard]] bool is_symlink() const noexcept { return type_ == file_type::symlink; }

private:
    std::string name_;
    file_type type_;
};

/// What is in the directory at `path`, in the system's order, without "." and "..". Some hundred entries are read at a
/// time, however many there are.
///
///     auto entries = pyasync::uv::scandir("/etc");
///     while (auto entry = co_await entries.next()) fmt::print("{}\n", entry->name());
///
/// Entries that come or go meanwhile may be among them or not, as the system likes.
/// **Thread.** Requests to libuv's pool, from the home of who awaits `next()`. **Cancellation.** A request that the pool
/// has not begun never begins; one that it has begun is waited for, and the next wait throws `cancelled`. **Errors.**
/// `uv::error` from `next()`: `scandir "/nowhere": No such file or directory`. **Ownership.** The generator owns the
/// open directory, which is closed at its end, or when it goes: on the pool, or at once where that is no loop's thread.
[[nodiscard]] async_generator<directory_entry> scandir(std::filesystem::path path);

}  // namespace pyasync::uv
