// framework/src/uv/file.cpp: open files, request by request.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/file.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <span>
#include <stdexcept>

#include <pyasync/core/as_task.hpp>
#include "file_state.hpp"
#include "file_status.hpp"

namespace pyasync::uv {

using detail::attempt;
using detail::file_request;

namespace {

/// No request is larger, so that a cancellation need not wait for more.
constexpr std::size_t most_at_once = 4 << 20;

/// Read where the file does not say how much there is.
constexpr std::size_t usual_piece = 64 << 10;

int flags_of(open_mode mode) noexcept {
    const auto has = [mode](open_mode one) { return (static_cast<unsigned>(mode) & static_cast<unsigned>(one)) != 0; };
    int flags = 0;
    if (has(open_mode::append)) flags |= O_APPEND;
    if (has(open_mode::truncate)) flags |= O_TRUNC;
    if (has(open_mode::create)) flags |= O_CREAT;
    if (has(open_mode::exclusive)) flags |= O_CREAT | O_EXCL;
    const bool writes = has(open_mode::write) || has(open_mode::append) || has(open_mode::truncate);
    if (writes) return flags | (has(open_mode::read) ? O_RDWR : O_WRONLY);
    return flags | O_RDONLY;
}

std::size_t result_of(const uv_fs_t& request) noexcept { return static_cast<std::size_t>(request.result); }

constexpr std::int64_t current_position = -1;

/// As libuv has it.
std::int64_t raw_offset(const std::optional<std::uint64_t>& offset, const attempt& about) {
    if (!offset) return current_position;
    if (*offset > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) throw error(UV_EINVAL, about.in_words());
    return static_cast<std::int64_t>(*offset);
}

/// Of a file whose contents are as long as it says, or 0.
std::size_t size_of(const uv_stat_t& status) noexcept {
    return S_ISREG(status.st_mode) ? static_cast<std::size_t>(status.st_size) : 0;
}

uv_buf_t raw_buffer(char* data, std::size_t size) noexcept {
    return uv_buf_init(data, static_cast<unsigned>(std::min(size, most_at_once)));
}

/// However that ends, the descriptor is given up: at once, where libuv does not even begin.
int close_surely(uv_loop_t* loop, uv_fs_t* request, uv_file number, uv_fs_cb then) noexcept {
    const int status = uv_fs_close(loop, request, number, then);
    if (status < 0) ::close(number);
    return status;
}

/// What a write has still to do.
class remaining {
public:
    explicit remaining(std::span<const const_buffer> parts) : parts_(parts) { skip_empty_parts(); }

    [[nodiscard]] bool empty() const noexcept { return parts_.empty(); }

    /// As much as one request takes; until the next call.
    [[nodiscard]] std::span<uv_buf_t> next_request() {
        request_.clear();
        std::size_t room = most_at_once;
        std::size_t begin = begun_;
        for (const const_buffer& part : parts_) {
            const std::size_t size = std::min(part.size() - begin, room);
            if (size > 0) request_.push_back(raw_buffer(const_cast<char*>(part.data()) + begin, size));
            room -= size;
            begin = 0;
            if (room == 0 || request_.size() == most_parts) break;
        }
        return request_;
    }

    void advance(std::size_t written) noexcept {
        while (written > 0) {
            const std::size_t size = std::min(parts_.front().size() - begun_, written);
            begun_ += size;
            written -= size;
            skip_empty_parts();
        }
    }

private:
    static constexpr std::size_t most_parts = 1024;

    void skip_empty_parts() noexcept {
        while (!parts_.empty() && parts_.front().size() == begun_) {
            parts_ = parts_.subspan(1);
            begun_ = 0;
        }
    }

    std::span<const const_buffer> parts_;
    std::size_t begun_ = 0;  ///< of the first one
    std::vector<uv_buf_t> request_;
};

/// The text that a file is read into, piece by piece.
class growing_text {
public:
    /// `expected` is what the file says of its size, or 0.
    explicit growing_text(std::size_t expected) : expected_(expected) {}

    [[nodiscard]] uv_buf_t room() {
        // A byte more than expected: the read that does not get it has met the end.
        const std::size_t wanted = filled_ <= expected_ && expected_ > 0 ? expected_ + 1 : filled_ + usual_piece;
        if (filled_ == text_.size()) text_.resize(std::max(wanted, filled_ + filled_ / 2));
        return raw_buffer(text_.data() + filled_, text_.size() - filled_);
    }
    /// A read has given `got` of `asked` bytes; false where that was the end.
    [[nodiscard]] bool add(std::size_t got, std::size_t asked) noexcept {
        filled_ += got;
        return got > 0 && !(got < asked && filled_ == expected_);
    }
    [[nodiscard]] std::string take() {
        text_.resize(filled_);
        return std::move(text_);
    }

private:
    std::string text_;
    std::size_t filled_ = 0;
    std::size_t expected_;
};

}  // namespace

file::state& file::opened(const shared_state& open, const char* verb) {
    if (open == nullptr) throw error(UV_EBADF, verb);
    return *open;
}

task<file> file::open(std::filesystem::path path, open_mode mode, unsigned permissions) {
    auto made = std::make_shared<state>();  // first: nothing may fail once there is a descriptor
    made->path = std::move(path);
    made->number = static_cast<int>(result_of(co_await file_request<uv_fs_open>(
        attempt("open", made->path), made->path.c_str(), flags_of(mode), static_cast<int>(permissions))));
    co_return file(std::move(made));
}

bool file::is_open() const noexcept { return descriptor() >= 0; }
int file::descriptor() const noexcept { return open_ == nullptr ? -1 : open_->number.load(); }

const std::filesystem::path& file::path() const noexcept {
    static const std::filesystem::path none;
    return open_ == nullptr ? none : open_->path;
}

task<std::size_t> file::read(shared_state open, mutable_buffer room, optional_offset offset) {
    state& self = opened(open, "read");
    if (room.size() == 0) co_return 0;
    const uv_buf_t raw = raw_buffer(room.data(), room.size());
    const attempt about("read", self.path);
    const std::int64_t from = raw_offset(offset, about);
    co_return result_of(co_await file_request<uv_fs_read>(about, self.number.load(), &raw, 1U, from));
}

task<std::string> file::read_all(shared_state open) {
    state& self = opened(open, "read");
    const attempt about("read", self.path);
    growing_text all(size_of((co_await file_request<uv_fs_fstat>(about, self.number.load())).statbuf));
    for (bool more = true; more;) {
        const uv_buf_t raw = all.room();
        more =
            all.add(result_of(co_await file_request<uv_fs_read>(about, self.number.load(), &raw, 1U, current_position)),
                    raw.len);
    }
    co_return all.take();
}

task<> file::write(shared_state open, std::vector<const_buffer> parts, optional_offset offset) {
    state& self = opened(open, "write");
    std::size_t written = 0;
    const attempt about("write", self.path, written);
    std::int64_t from = raw_offset(offset, about);
    for (remaining left(parts); !left.empty();) {
        const std::span<uv_buf_t> request = left.next_request();
        std::size_t more = 0;
        try {
            more = result_of(co_await file_request<uv_fs_write>(about, self.number.load(), request.data(),
                                                                static_cast<unsigned>(request.size()), from));
        } catch (const cancelled&) {
            if (written == 0) throw;
            throw write_cancelled(written);
        }
        if (more == 0) throw error(UV_EIO, about.in_words());
        left.advance(more);
        written += more;
        if (from >= 0) from += static_cast<std::int64_t>(more);
    }
}

task<file_status> file::stat(shared_state open) {
    state& self = opened(open, "stat");
    co_return detail::status_of(
        (co_await file_request<uv_fs_fstat>(attempt("stat", self.path), self.number.load())).statbuf);
}

task<> file::truncate(shared_state open, std::uint64_t size) {
    state& self = opened(open, "truncate");
    co_await file_request<uv_fs_ftruncate>(attempt("truncate", self.path), self.number.load(),
                                           static_cast<std::int64_t>(size));
}

task<> file::fsync(shared_state open) {
    state& self = opened(open, "fsync");
    co_await file_request<uv_fs_fsync>(attempt("fsync", self.path), self.number.load());
}

task<> file::fdatasync(shared_state open) {
    state& self = opened(open, "fdatasync");
    co_await file_request<uv_fs_fdatasync>(attempt("fdatasync", self.path), self.number.load());
}

task<> file::close(shared_state open) {
    if (open == nullptr || open->number < 0) co_return;
    // The file's own, and this one.
    if (open.use_count() > 2) {
        throw std::logic_error("pyasync: this file is in use: await what reads or writes it before its close()");
    }
    const int number = open->number.exchange(-1);
    try {
        co_await file_request<close_surely>(attempt("close", open->path), number);
    } catch (const cancelled&) {
        open->number = number;
        throw;
    }
}

task<std::string> read_file(std::filesystem::path path) {
    task<file> opening = file::open(std::move(path));
    file source = co_await pyasync::detail::quietly(opening);
    task<std::string> reading = source.read_all();
    co_return co_await pyasync::detail::quietly(reading);
}

task<> write_file(std::filesystem::path path, const_buffer bytes, unsigned permissions) {
    task<file> opening =
        file::open(std::move(path), open_mode::write | open_mode::create | open_mode::truncate, permissions);
    file target = co_await pyasync::detail::quietly(opening);
    task<> writing = target.write(bytes);
    co_await pyasync::detail::quietly(writing);
    task<> closing = target.close();
    co_await pyasync::detail::quietly(closing);
}

}  // namespace pyasync::uv
