// framework/include/pyasync/uv/paths.hpp: files and directories by their paths: asking, moving, making, removing.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include <pyasync/core/task.hpp>
#include <pyasync/uv/file.hpp>
#include <pyasync/uv/file_status.hpp>

// All of these are requests to libuv's thread pool.
///
// **Thread.** Each continues at the task's home. **Cancellation.** What the pool has not begun never begins; what it has
// begun is waited for and gives its result, and the next wait throws `cancelled`. **Errors.** `uv::error` with what was
// tried: `rename "a" to "b": No such file or directory`. **Ownership.** The task owns the paths.

namespace pyasync::uv {

/// What the system knows of the file at `path`; `lstat`: of a symbolic link itself.
///
///     const auto status = co_await pyasync::uv::stat("app.log");
///     if (status.is_file()) fmt::print("{} bytes\n", status.size);
[[nodiscard]] task<file_status> stat(std::filesystem::path path);
[[nodiscard]] task<file_status> lstat(std::filesystem::path path);

/// Gives what is at `from` the name `to`, in one step: a file that is there already is replaced.
[[nodiscard]] task<> rename(std::filesystem::path from, std::filesystem::path to);

/// Removes a name of a file; a directory's is for `rmdir`.
[[nodiscard]] task<> unlink(std::filesystem::path path);

/// Makes a directory with these permissions, without those in the process's umask.
[[nodiscard]] task<> mkdir(std::filesystem::path path, unsigned permissions = 0777);

/// The same, with the directories above it, where they are missing; content with a directory that is there.
/// **Cancellation.** Between two of them, too; those that were made stay.
[[nodiscard]] task<> mkdirs(std::filesystem::path path, unsigned permissions = 0777);

/// Removes an empty directory.
[[nodiscard]] task<> rmdir(std::filesystem::path path);

/// What `copy_file` does with a file that is there already.
enum class if_exists { replace, fail };

/// Copies contents and permissions; on file systems that can do so, without copying a byte. It replaces a file in one step,
/// as `rename` does: whatever happens, there is the old one or the new one. What is no regular file is not replaced (EINVAL,
/// EISDIR). **Cancellation.** One that has begun goes to its end.
[[nodiscard]] task<> copy_file(std::filesystem::path from, std::filesystem::path to,
                               if_exists then = if_exists::replace);

[[nodiscard]] task<> chmod(std::filesystem::path path, unsigned permissions);

/// The absolute path, without symbolic links and dots.
[[nodiscard]] task<std::filesystem::path> realpath(std::filesystem::path path);

/// What a symbolic link says; `symlink` makes one at `path` that says `target`, whatever is there.
[[nodiscard]] task<std::filesystem::path> readlink(std::filesystem::path path);
[[nodiscard]] task<> symlink(std::filesystem::path target, std::filesystem::path path);

/// Makes a directory that only this user can enter, with a name that is new: `prefix` and six characters.
///
///     const auto folder = co_await pyasync::uv::mkdtemp("/tmp/my-app-");
///
/// **Ownership.** Nobody removes it by itself.
[[nodiscard]] task<std::filesystem::path> mkdtemp(std::filesystem::path prefix);

/// The same with a file, open to read and to write; its `path()` tells its name.
[[nodiscard]] task<file> mkstemp(std::filesystem::path prefix);

}  // namespace pyasync::uv
