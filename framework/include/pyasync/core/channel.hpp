// framework/include/pyasync/core/channel.hpp: channel<T>, through which tasks hand values to one another.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include <pyasync/core/channel_state.hpp>
#include <pyasync/core/closure.hpp>
#include <pyasync/core/misuse.hpp>

namespace pyasync {

/// A queue with a bound between tasks: any number on either end, at home on any loop.
///
///     pyasync::task<> produce(pyasync::channel<std::string> lines) {
///         for (int i = 0; i < 1000; ++i) co_await lines.send(fmt::format("line {}", i));  // waits while 16 are there
///         lines.close();
///     }
///
///     pyasync::channel<std::string> lines(16);
///     auto producer = pyasync::spawn(produce(lines));
///     while (auto line = co_await lines.receive()) fmt::print("{}\n", *line);
///
/// A handle: all copies are one channel, which lives as long as any of them, or who waits at it; so give each end a
/// copy. Closing it is up to you. With a capacity of 0 nothing is kept: each `send` waits until its value has been
/// received. Who comes first is served first, on either end, and items keep their order. Given to Python, it is an
/// object with `send`, `receive` and `async for`; see bridge/channel_into_py.hpp.
///
/// **Thread.** Any; who waits continues at his home. What need not wait does not, but gives way to the loop now and
/// then. **Cancellation.** A `send` or `receive` that is cancelled while it waits throws `cancelled`, and has sent or
/// received nothing; where it has just been served, it ends as if nothing had been, and the next wait throws.
/// **Errors.** `send` throws `channel_closed`; `std::bad_alloc` where there is no memory to keep the item in. A handle
/// that has been moved away throws `misuse`.
/// **Ownership.** The value belongs to the `send` while that waits (where it fails, it goes with it), then to the
/// channel, then to who receives it. It is moved from thread to thread, which must not throw.
template <typename T>
class channel {
public:
    using value_type = T;

    explicit channel(std::size_t capacity) : state_(detail::make_ref<detail::channel_state<T>>(capacity)) {}

    /// `co_await channel.send(value)` ends when the value is in the channel, or has been received.
    template <typename U = T>
        requires std::is_convertible_v<U&&, T>
    [[nodiscard]] detail::send_operation<T> send(U&& value) const {
        detail::require_value_survives_co_await<U>();
        return detail::send_operation<T>(state(), static_cast<T>(std::forward<U>(value)));
    }

    /// `co_await channel.receive()` gives the next item; nothing where the channel is closed and empty, then and ever
    /// after.
    [[nodiscard]] detail::receive_operation<T> receive() const { return detail::receive_operation<T>(state()); }

    /// Sends it where that needs no waiting; else it is false, and the value is left alone. Throws as `send` does.
    [[nodiscard]] bool try_send(T&& value) const {
        detail::serving now(state()->lock);
        if (state()->closed) throw channel_closed();
        return state()->put(now, value);
    }
    [[nodiscard]] bool try_send(const T& value) const
        requires std::is_copy_constructible_v<T>
    {
        return try_send(T(value));
    }

    /// The next item, where there is one now.
    [[nodiscard]] std::optional<T> try_receive() const {
        detail::serving now(state()->lock);
        std::optional<T> item;
        static_cast<void>(state()->take(now, item));
        return item;
    }

    /// Nothing is sent any more: every `send`, those that wait included, throws `channel_closed`; the items that are
    /// there are still received. Once is enough, and more do no harm.
    void close() const {
        detail::serving now(state()->lock);
        state()->close(now);
    }

    [[nodiscard]] bool is_closed() const {
        const std::lock_guard lock(state()->lock);
        return state()->closed;
    }
    /// How many items are in it now.
    [[nodiscard]] std::size_t size() const {
        const std::lock_guard lock(state()->lock);
        return state()->items.size();
    }
    [[nodiscard]] std::size_t capacity() const { return state()->capacity; }

    /// Are they one channel?
    friend bool operator==(const channel& left, const channel& right) noexcept {
        return left.state_.get() == right.state_.get();
    }

    /// For the bridge, which makes other handles of it.
    explicit channel(detail::ref<detail::channel_state<T>> state) noexcept : state_(std::move(state)) {}
    [[nodiscard]] const detail::ref<detail::channel_state<T>>& state() const {
        if (!state_) throw misuse("pyasync: this channel has been moved away");
        return state_;
    }

private:
    detail::ref<detail::channel_state<T>> state_;
};

}  // namespace pyasync
