// framework/src/uv/stream.cpp: reading, writing and shutting down, as libuv calls back.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/stream.hpp>

#include <sys/socket.h>
#include <uv.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>
#include <new>
#include <numeric>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/task_report.hpp>

namespace pyasync::uv {
namespace detail {
namespace {

constexpr std::size_t most_at_once = INT_MAX;  // libuv tells a size as an int
constexpr std::size_t most_parts = 16;         // that are put together for one system call
constexpr std::size_t most_a_turn = 1 << 20;   // bytes of one write, before others of the loop have their turn

/// Who always finds room gives way to the loop's other work now and then.
bool gives_way() noexcept {
    constexpr int most_in_a_row = 64;
    static thread_local int ended_at_once = 0;
    if (++ended_at_once < most_in_a_row) return false;
    ended_at_once = 0;
    return true;
}

}  // namespace

struct stream_handle::pending_byte {
    uv_write_t request{};
    char byte = 0;
    bool under_way = false;
};

stream_handle::stream_handle() = default;
stream_handle::~stream_handle() = default;

int stream_handle::connect(uv_connect_t*, void (*)(uv_connect_t*, int)) noexcept { return UV_ENOTSUP; }

void stream_handle::closes() noexcept {
    if (reader_ != nullptr) std::exchange(reader_, nullptr)->end_closed();
    while (!writers_.empty()) writers_.pop().end_closed();
}

// ---- Reading. ----

int stream_handle::start_reading(read_awaiter& reader) noexcept {
    if (!reading_) {
        const int status = uv_read_start(raw(), &room_wanted, &has_read);
        if (status < 0) return status;
        reading_ = true;
    }
    reader_ = &reader;
    return 0;
}

void stream_handle::room_wanted(uv_handle_t* raw, std::size_t, uv_buf_t* room) noexcept {
    auto& self = *static_cast<stream_handle*>(static_cast<handle*>(raw->data));
    *room = uv_buf_init(nullptr, 0);
    if (self.reader_ == nullptr) return;
    const mutable_buffer given = self.reader_->into_.value_or(self.home().scratch());
    *room = uv_buf_init(given.data(), static_cast<unsigned>(std::min(given.size(), most_at_once)));
}

void stream_handle::has_read(uv_stream_t* raw, std::ptrdiff_t size, const uv_buf_t* room) noexcept {
    auto& self = *static_cast<stream_handle*>(static_cast<handle*>(raw->data));
    if (size == 0) return;  // there was nothing to read after all
    if (size < 0) {         // the end, an error, or that nobody waits
        uv_read_stop(raw);
        self.reading_ = false;
    }
    if (self.reader_ == nullptr) return;
    read_awaiter& reader = *std::exchange(self.reader_, nullptr);
    if (size > 0) return reader.end(reader.keeps({room->base, static_cast<std::size_t>(size)}));
    reader.end(size == UV_EOF ? 0 : static_cast<int>(size));
}

read_awaiter::read_awaiter(stream_handle& stream, const std::optional<mutable_buffer>& into,
                           pyasync::detail::task_context& context, const std::source_location& where)
    : operation(context, where), stream_(&stream), into_(into) {
    require_home(context, stream);
}

bool read_awaiter::begin() noexcept {
    if (!stream_->is_open()) return ended_at_once(UV_EBADF);
    if (stream_->reader_ != nullptr) return ended_at_once(UV_EBUSY);
    if (into_ && into_->size() == 0) return ended_at_once(0);
    if (into_ && !stream_->received.empty()) {
        const mutable_buffer some(into_->data(), std::min(into_->size(), most_at_once));
        return ended_at_once(static_cast<int>(stream_->received.take(some)));
    }
    const int status = stream_->start_reading(*this);
    return status == 0 || ended_at_once(status);
}

int read_awaiter::keeps(std::string_view come) noexcept {
    try {
        if (!into_) stream_->received.append(come);
        return static_cast<int>(come.size());
    } catch (const std::bad_alloc&) {
        return UV_ENOMEM;
    }
}

void read_awaiter::withdraw() noexcept { stream_->reader_ = nullptr; }

std::size_t read_awaiter::await_resume() const {
    if (status() == UV_EBUSY) throw misuse("pyasync: two tasks read from one stream at a time");
    throw_failure();
    return static_cast<std::size_t>(status());
}

std::string read_awaiter::subject() const { return "read from " + stream_->peer(); }

void read_awaiter::describe(pyasync::detail::task_report& into) const {
    into.waits_for = is_over() ? "uv: a read, which is over" : "uv: bytes from " + stream_->peer();
}

// ---- Writing. ----

bool stream_handle::takes_bytes() const noexcept { return pending_ == nullptr || !pending_->under_way; }

int stream_handle::try_write(std::span<const const_buffer> parts, std::size_t without) noexcept {
    std::array<uv_buf_t, most_parts> some{};
    const auto count = static_cast<unsigned>(std::min(parts.size(), some.size()));
    for (unsigned i = 0; i < count; ++i) {
        const std::size_t before = i == 0 ? without : 0;
        some[i].base = const_cast<char*>(parts[i].data()) + before;
        some[i].len = parts[i].size() - before;
    }
    return uv_try_write(raw(), some.data(), count);
}

void stream_handle::write_on() noexcept {
    while (!writers_.empty()) {
        const int status = writers_.first().write_some();
        if (status == UV_EAGAIN) return;
        writers_.pop().end(status);
    }
}

int stream_handle::hand_over(char byte) noexcept {
    try {
        if (pending_ == nullptr) pending_ = std::make_unique<pending_byte>();
    } catch (const std::bad_alloc&) {
        return UV_ENOMEM;
    }
    pending_->byte = byte;
    pending_->request.data = this;
    const uv_buf_t only = uv_buf_init(&pending_->byte, 1);
    const int status = uv_write(&pending_->request, raw(), &only, 1, [](uv_write_t* request, int how) noexcept {
        auto& self = *static_cast<stream_handle*>(request->data);
        self.pending_->under_way = false;
        if (how == UV_ECANCELED) return;  // closed: who waited knows, or the loop ends, and nobody goes on
        if (how < 0 && !self.writers_.empty()) self.writers_.pop().end(how);
        self.write_on();
    });
    pending_->under_way = status == 0;
    return status;
}

write_wait::write_wait(stream_handle& stream, std::span<const const_buffer> parts,
                       pyasync::detail::task_context& context, const std::source_location& where)
    : operation(context, where), stream_(&stream), left_(parts) {
    require_home(context, stream);
}

bool write_wait::begin() noexcept {
    if (!stream_->is_open()) return ended_at_once(UV_EBADF);
    if (stream_->writers_.empty()) {
        const int status = write_some();
        if (status == 0 && written_ > 0 && gives_way()) {
            end_later(0);
            return true;
        }
        if (status != UV_EAGAIN) return ended_at_once(status);
    }
    stream_->writers_.push(*this);
    return true;
}

int write_wait::write_some() noexcept {
    advance(0);
    const std::size_t before = written_;
    while (!left_.empty()) {
        const bool has_turn = written_ - before < most_a_turn;
        const int written = has_turn ? stream_->try_write(left_, written_of_first_) : int{UV_EAGAIN};
        if (written >= 0) {
            advance(static_cast<std::size_t>(written));
            continue;
        }
        if (written != UV_EAGAIN || !stream_->takes_bytes()) return written;
        const int status = stream_->hand_over(left_.front().data()[written_of_first_]);
        if (status < 0) return status;
        advance(1);
    }
    return stream_->takes_bytes() ? 0 : UV_EAGAIN;
}

void write_wait::advance(std::size_t size) noexcept {
    written_ += size;
    written_of_first_ += size;
    while (!left_.empty() && written_of_first_ >= left_.front().size()) {
        written_of_first_ -= left_.front().size();
        left_ = left_.subspan(1);
    }
}

void write_wait::withdraw() noexcept { stream_->writers_.remove(*this); }

void write_awaiter::await_resume() const {
    if (was_cancelled()) fail(std::make_exception_ptr(write_cancelled(written_)));
    throw_failure();
}

std::string write_awaiter::subject() const {
    return "write to " + stream_->peer() + ", of which " + std::to_string(written_) + " bytes had gone out";
}

void write_awaiter::describe(pyasync::detail::task_report& into) const {
    into.waits_for = is_over() ? "uv: a write, which is over" : "uv: " + stream_->peer() + " to take what is written";
}

// ---- Shutting down. ----

int stream_handle::end_writing() noexcept {
    uv_os_fd_t number = -1;
    const int status = uv_fileno(raw_handle(), &number);
    if (status < 0) return status;
    if (::shutdown(number, SHUT_WR) == 0) return 0;
    if (errno != ENOTSOCK) return -errno;
    close();  // a pipe, whose other end only sees that this one is closed
    return 0;
}

void shutdown_awaiter::await_resume() const {
    throw_failure();
    const int status = stream_->end_writing();
    if (status < 0) fail(std::make_exception_ptr(error(status, subject())));
}

std::string shutdown_awaiter::subject() const { return "shut down the connection to " + stream_->peer(); }

void shutdown_awaiter::describe(pyasync::detail::task_report& into) const {
    into.waits_for = is_over() ? "uv: the end of a shutdown, which is over"
                               : "uv: what was written to " + stream_->peer() + " to go out";
}

}  // namespace detail

// ---- The stream itself. ----

detail::stream_handle& stream::handle() const {
    if (!handle_) throw misuse("pyasync: this stream has been moved away");
    return *handle_;
}

detail::stream_handle& stream::handle_here() const {
    detail::stream_handle& found = handle();
    detail::require_home(found);
    return found;
}

std::size_t stream::try_write(std::span<const const_buffer> parts) {
    detail::stream_handle& to = handle_here();
    if (!to.is_open()) throw error(UV_EBADF, "write to " + to.peer());
    if (!to.takes_writes()) return 0;
    std::size_t all = 0;
    while (!parts.empty()) {
        const std::span<const const_buffer> some = parts.first(std::min(parts.size(), detail::most_parts));
        const int written = to.try_write(some, 0);
        if (written < 0 && (written == UV_EAGAIN || all > 0)) break;
        if (written < 0) throw error(written, "write to " + to.peer());
        all += static_cast<std::size_t>(written);
        const auto add = [](std::size_t sum, const const_buffer& part) { return sum + part.size(); };
        if (static_cast<std::size_t>(written) < std::accumulate(some.begin(), some.end(), std::size_t{0}, add)) break;
        parts = parts.subspan(some.size());
    }
    return all;
}

void stream::close() { handle_here().close(); }

}  // namespace pyasync::uv
