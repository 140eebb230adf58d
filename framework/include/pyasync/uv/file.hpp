// framework/include/pyasync/uv/file.hpp: files that are read and written without blocking the loop.
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <pyasync/core/task.hpp>
#include <pyasync/uv/buffer.hpp>
#include <pyasync/uv/file_status.hpp>
#include <pyasync/uv/write_cancelled.hpp>

namespace pyasync::uv {

/// How a file is opened; to be combined: `open_mode::write | open_mode::create | open_mode::truncate`.
enum class open_mode : unsigned {
    read = 1,
    write = 2,
    append = 4,      ///< and write: each write goes to the end
    create = 8,      ///< where it is not there
    truncate = 16,   ///< and write: what is in it goes
    exclusive = 32,  ///< and create: it must not be there (EEXIST)
};

[[nodiscard]] constexpr open_mode operator|(open_mode one, open_mode other) noexcept {
    return static_cast<open_mode>(static_cast<unsigned>(one) | static_cast<unsigned>(other));
}

/// An open file. What reads and writes runs on libuv's thread pool, since systems have no other way that does not block.
///
///     using pyasync::uv::open_mode;
///     auto log = co_await pyasync::uv::file::open("app.log", open_mode::append | open_mode::create);
///     co_await log.write("started\n");
///     co_await log.close();
///
/// **Thread.** Any task may use it, on whatever loop, and several may at a time; each continues at home. At one time,
/// only reads and writes with an offset make sense.
/// **Cancellation.** What the pool has not begun never begins. What it has begun is waited for, since it uses the memory
/// of who awaits it, and gives its result; the next wait throws `cancelled` then. (A read from a pipe that nobody
/// writes to therefore lasts.)
/// **Errors.** `uv::error` with the operation and the path: `write "app.log": No space left on device`. One that is not
/// open fails with EBADF.
/// **Ownership.** It owns the descriptor, which child processes do not inherit. Where it goes without `close`, the
/// descriptor is closed on the pool, when the last operation that uses it has ended; or at once, by this thread, where
/// that is no loop's. Buffers must stay until the operation has ended.
class file {
public:
    /// Opens the file at `path`. One that is created has these permissions, without those in the process's umask.
    ///
    ///     auto config = co_await pyasync::uv::file::open("/etc/hosts");
    ///
    /// **Cancellation.** As above; a file that was opened in spite of it is closed by its owner, as any other.
    [[nodiscard]] static task<file> open(std::filesystem::path path, open_mode mode = open_mode::read,
                                         unsigned permissions = 0666);

    /// One that is not open.
    file() = default;

    [[nodiscard]] bool is_open() const noexcept;
    /// What it was opened by.
    [[nodiscard]] const std::filesystem::path& path() const noexcept;
    /// The system's number for it, or -1; it stays the file's.
    [[nodiscard]] int descriptor() const noexcept;

    /// Fills `room`, or a part of it, from where the last one has ended, and gives the number of bytes: 0 only at the end
    /// of the file, or where there is no room.
    [[nodiscard]] task<std::size_t> read(mutable_buffer room) { return read(open_, room, std::nullopt); }

    /// The same from `offset` on; where `read` goes on stays as it is. EINVAL beyond what the system counts (2^63 - 1).
    [[nodiscard]] task<std::size_t> read_at(std::uint64_t offset, mutable_buffer room) {
        return read(open_, room, offset);
    }

    /// All that is left of it. **Cancellation.** Between two requests, too: what has been read by then is skipped.
    [[nodiscard]] task<std::string> read_all() { return read_all(open_); }

    /// Writes all of these, one behind the other, where the last read or write has ended.
    ///
    ///     co_await log.write("request ", id, "\n");
    ///
    /// **Cancellation.** At the latest after some megabytes; `write_cancelled` says how many bytes have been written,
    /// where that are any. **Errors.** The message says it, too: `write "app.log" (after 4096 bytes): ...`.
    template <std::convertible_to<const_buffer>... Parts>
        requires(sizeof...(Parts) > 0)
    [[nodiscard]] task<> write(const Parts&... parts) {
        return write(open_, {const_buffer(parts)...}, std::nullopt);
    }

    /// The same from `offset` on; where `write` goes on stays as it is. In a file that is opened to append, the system
    /// (Linux) writes at its end all the same.
    template <std::convertible_to<const_buffer>... Parts>
        requires(sizeof...(Parts) > 0)
    [[nodiscard]] task<> write_at(std::uint64_t offset, const Parts&... parts) {
        return write(open_, {const_buffer(parts)...}, offset);
    }

    [[nodiscard]] task<file_status> stat() { return stat(open_); }

    /// Cuts it to `size` bytes, or fills it up with zeros.
    [[nodiscard]] task<> truncate(std::uint64_t size) { return truncate(open_, size); }

    /// Ends when what has been written is on the disk; `fdatasync` does not wait for times and the like.
    [[nodiscard]] task<> fsync() { return fsync(open_); }
    [[nodiscard]] task<> fdatasync() { return fdatasync(open_); }

    /// Closes it, and tells what could not be written till then; nothing where it is not open. However that ends, it is
    /// closed; but where a cancellation comes before the pool has begun, it is as open as before.
    /// **Errors.** `std::logic_error` while something else uses it.
    [[nodiscard]] task<> close() { return close(open_); }

private:
    struct state;
    using shared_state = std::shared_ptr<state>;

    explicit file(shared_state open) noexcept : open_(std::move(open)) {}
    friend task<file> mkstemp(std::filesystem::path prefix);

    /// Without an offset where the last one has ended.
    using optional_offset = std::optional<std::uint64_t>;
    static task<std::size_t> read(shared_state open, mutable_buffer room, optional_offset offset);
    static task<std::string> read_all(shared_state open);
    static task<> write(shared_state open, std::vector<const_buffer> parts, optional_offset offset);
    static task<file_status> stat(shared_state open);
    static task<> truncate(shared_state open, std::uint64_t size);
    static task<> fsync(shared_state open);
    static task<> fdatasync(shared_state open);
    static task<> close(shared_state open);
    static state& opened(const shared_state& open, const char* verb);

    shared_state open_;
};

/// The contents of the file at `path`.
///
///     std::string hosts = co_await pyasync::uv::read_file("/etc/hosts");
///
/// **Thread, Cancellation, Errors.** As with `file`; also between two requests.
[[nodiscard]] task<std::string> read_file(std::filesystem::path path);

/// Makes `bytes` the contents of the file at `path`, which is created where it is not there. Where that fails or is
/// cancelled, a part of it may be there. (To replace a file as a whole, write another one and `rename` that.)
///
/// **Thread, Cancellation, Errors.** As with `file::open`, `file::write` and `file::close`.
[[nodiscard]] task<> write_file(std::filesystem::path path, const_buffer bytes, unsigned permissions = 0666);

}  // namespace pyasync::uv
