// framework/include/pyasync/uv/stream.hpp: a connection that bytes come from and go to.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <pyasync/uv/buffer.hpp>
#include <pyasync/uv/framing.hpp>
#include <pyasync/uv/operation.hpp>
#include <pyasync/uv/stream_handle.hpp>
#include <pyasync/uv/write_cancelled.hpp>

namespace pyasync::uv {

namespace detail {

class read_awaiter final : public operation {
public:
    /// Into `into`, or, without it, behind what the stream has received.
    read_awaiter(stream_handle& stream, const std::optional<mutable_buffer>& into,
                 pyasync::detail::task_context& context, const std::source_location& where);

    [[nodiscard]] std::size_t await_resume() const;

private:
    friend class stream_handle;

    bool begin() noexcept override;
    void withdraw() noexcept override;
    void describe(pyasync::detail::task_report& into) const override;
    [[nodiscard]] std::string subject() const override;
    /// What has come is where it belongs: its size, or one of libuv's codes.
    [[nodiscard]] int keeps(std::string_view come) noexcept;

    stream_handle* stream_;
    std::optional<mutable_buffer> into_;
};

class read_operation {
public:
    using value_type = std::size_t;

    read_operation(stream_handle& stream, std::optional<mutable_buffer> into) noexcept
        : stream_(&stream), into_(into) {}

    [[nodiscard]] read_awaiter awaiter_in(pyasync::detail::task_context& context,
                                          const std::source_location& where) const {
        return {*stream_, into_, context, where};
    }

private:
    stream_handle* stream_;
    std::optional<mutable_buffer> into_;
};

/// Stands in the line of those that write, until all of `parts` has gone out, and what was before it.
class write_wait : public operation {
protected:
    write_wait(stream_handle& stream, std::span<const const_buffer> parts, pyasync::detail::task_context& context,
               const std::source_location& where);
    ~write_wait() = default;

    stream_handle* stream_;
    std::size_t written_ = 0;

private:
    friend class stream_handle;
    friend class operation_queue<write_wait>;

    bool begin() noexcept final;
    void withdraw() noexcept final;

    /// 0 where all has been written, UV_EAGAIN where no more is taken now, or what went wrong.
    [[nodiscard]] int write_some() noexcept;
    void advance(std::size_t size) noexcept;

    std::span<const const_buffer> left_;
    std::size_t written_of_first_ = 0;
    write_wait* next_ = nullptr;
};

class write_awaiter final : public write_wait {
public:
    write_awaiter(stream_handle& stream, std::span<const const_buffer> parts, pyasync::detail::task_context& context,
                  const std::source_location& where)
        : write_wait(stream, parts, context, where) {}

    void await_resume() const;

private:
    void describe(pyasync::detail::task_report& into) const override;
    [[nodiscard]] std::string subject() const override;
};

/// `Parts`, an array or a span, is the list of what is written, not its bytes.
template <typename Parts>
class write_operation {
public:
    using value_type = void;

    write_operation(stream_handle& stream, Parts parts) noexcept : stream_(&stream), parts_(parts) {}

    [[nodiscard]] write_awaiter awaiter_in(pyasync::detail::task_context& context,
                                           const std::source_location& where) const {
        return {*stream_, parts_, context, where};
    }

private:
    stream_handle* stream_;
    Parts parts_;
};

/// Writes nothing, and then shuts down.
class shutdown_awaiter final : public write_wait {
public:
    shutdown_awaiter(stream_handle& stream, pyasync::detail::task_context& context, const std::source_location& where)
        : write_wait(stream, {}, context, where) {}

    void await_resume() const;

private:
    void describe(pyasync::detail::task_report& into) const override;
    [[nodiscard]] std::string subject() const override;
};

struct shutdown_operation {
    using value_type = void;
    stream_handle* stream;
    [[nodiscard]] shutdown_awaiter awaiter_in(pyasync::detail::task_context& context,
                                              const std::source_location& where) const {
        return {*stream, context, where};
    }
};

}  // namespace detail

/// One end of a connection: what `tcp`, `pipe` and `tty` have in common. It moves, and closes when it goes.
///
///     std::array<char, 4096> room;
///     while (const std::size_t size = co_await peer.read_some(room)) co_await peer.write(std::string_view(room.data(), size));
///
/// **Thread.** A stream belongs to the loop that it was made on, and is read and written by that loop's tasks; on another
/// one it throws `misuse`. Its destructor may run anywhere. One task reads at a time (a second one: `misuse`); any number
/// write, one after another, none between the parts of another one's. It is not moved while a task reads from it.
/// **Cancellation.** Every operation ends at once, and leaves the stream as it is. **Errors.** `uv::error`, which names
/// the other end; operations that wait when the stream is closed get `UV_ECANCELED`. **Ownership.** What is read into and
/// what is written is the caller's, and is not touched once the operation has ended, by a cancellation, too.
class stream : public framed<stream> {
public:
    /// Reads what there is, waiting for the first byte; how much that was. 0 at the end: the other side has shut down.
    [[nodiscard]] detail::read_operation read_some(mutable_buffer into) { return {handle(), into}; }
    using framed::read_some;

    /// Writes all parts, one after the other, as one write; waits while the other side does not keep up, and gives way to
    /// the loop's other work now and then where it does.
    /// A cancellation throws `write_cancelled`, which says how much had gone out.
    ///
    ///     co_await peer.write("HTTP/1.1 200 OK\r\n\r\n", body);
    template <std::convertible_to<const_buffer>... Parts>
        requires(sizeof...(Parts) > 0)
    [[nodiscard]] auto write(const Parts&... parts) {
        using list = std::array<const_buffer, sizeof...(Parts)>;
        return detail::write_operation<list>(handle(), list{parts...});
    }

    /// The same for a number that is not known before.
    [[nodiscard]] detail::write_operation<std::span<const const_buffer>> write(std::span<const const_buffer> parts) {
        return {handle(), parts};
    }

    /// Writes what the system takes at once, and waits for nothing; how many bytes that was: 0 where others wait for
    /// their turn. Throws `uv::error`; on the stream's loop. With it, all connections of a loop can share one room to read
    /// into, since what has come is put there right before the task goes on: only what is not taken needs a copy.
    ///
    ///     const std::string_view come(room.data(), size);  // room is the whole loop's
    ///     const std::string rest(come.substr(peer.try_write(come)));
    ///     if (!rest.empty()) co_await peer.write(rest);
    template <std::convertible_to<const_buffer>... Parts>
        requires(sizeof...(Parts) > 0)
    std::size_t try_write(const Parts&... parts) {
        return try_write(std::array<const_buffer, sizeof...(Parts)>{parts...});
    }
    std::size_t try_write(std::span<const const_buffer> parts);

    /// Tells the other side that nothing more will come, when all has gone out, that of the tasks that wait to write,
    /// too; reading goes on. A pipe's end (not a socket's) is closed by that.
    [[nodiscard]] detail::shutdown_operation shutdown() { return {&handle()}; }

    /// Closes it now, with what waits for it. On its loop; nothing where it is closed.
    void close();
    [[nodiscard]] bool is_open() const noexcept { return handle_ && handle_->is_open(); }

    /// What it is connected with, in words.
    [[nodiscard]] std::string peer() const { return handle().peer(); }

    /// libuv's own, for what this class has not; on its loop. It stays the stream's.
    [[nodiscard]] uv_stream_s* raw() { return handle_here().raw(); }

protected:
    explicit stream(detail::owned<detail::stream_handle> handle) noexcept : handle_(std::move(handle)) {}

    /// Throws `misuse` where it has been moved away.
    [[nodiscard]] detail::stream_handle& handle() const;
    /// The same, and on another thread than its loop's.
    [[nodiscard]] detail::stream_handle& handle_here() const;

private:
    friend framed<stream>;
    [[nodiscard]] detail::received& received() const { return handle_here().received; }
    [[nodiscard]] detail::read_operation receive() { return {handle(), std::nullopt}; }

    detail::owned<detail::stream_handle> handle_;
};

}  // namespace pyasync::uv
