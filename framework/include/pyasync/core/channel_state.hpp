// framework/include/pyasync/core/channel_state.hpp: what the handles of a channel share, and how both ends wait.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

#include <pyasync/core/channel_closed.hpp>
#include <pyasync/core/item_ring.hpp>
#include <pyasync/core/line_wait.hpp>
#include <pyasync/core/ref.hpp>
#include <pyasync/core/task_report.hpp>
#include <pyasync/core/waiting_line.hpp>

namespace pyasync::detail {

/// Senders stand in line only where there is no place, receivers only where there is no item. Whoever finds the other
/// side waiting gives its first one what it waits for, item by item: nobody overtakes. All of it under the lock.
template <typename T>
class channel_state final : public ref_counted {
public:
    static_assert(!std::is_reference_v<T>, "an item is owned by who receives it: send a value, not a reference");
    static_assert(std::is_nothrow_move_constructible_v<T>,
                  "an item must be moved without throwing: another thread may be doing that; send a std::unique_ptr");

    explicit channel_state(std::size_t room) noexcept : capacity(room) {}

    /// Takes the value to where it belongs; false, and it is left alone, where there is no place for it.
    [[nodiscard]] bool put(serving& now, T& value) {
        if (!receivers.empty()) {
            hand_over(now, value);
        } else if (items.size() < capacity) {
            items.push(std::move(value));
        } else {
            return false;
        }
        return true;
    }

    /// False where there is nothing yet; true and no item where there is nothing any more.
    [[nodiscard]] bool take(serving& now, std::optional<T>& into) noexcept {
        if (!items.empty()) {
            into.emplace(items.pop());
            if (!senders.empty() && items.size() < capacity) {
                items.push(std::move(value_of_first_sender()));
                now.serve_first(senders);
            }
        } else if (!senders.empty()) {
            into.emplace(std::move(value_of_first_sender()));
            now.serve_first(senders);
        } else {
            return closed;
        }
        return true;
    }

    /// Who has got it does not want it any more: it is the next one again.
    void take_back(serving& now, T& item) {
        if (receivers.empty()) {
            items.push_front(std::move(item));
        } else {
            hand_over(now, item);
        }
    }

    void close(serving& now) noexcept {
        closed = true;
        now.turn_all_away(senders);
        now.turn_all_away(receivers);
    }

    std::mutex lock;
    waiting_line senders;    ///< the hand of each is its `T`
    waiting_line receivers;  ///< the hand of each is its empty `std::optional<T>`
    item_ring<T> items;
    bool closed = false;
    const std::size_t capacity;

private:
    ~channel_state() override = default;

    [[nodiscard]] T& value_of_first_sender() noexcept { return *static_cast<T*>(senders.first().hand()); }
    void hand_over(serving& now, T& item) noexcept {
        static_cast<std::optional<T>*>(receivers.first().hand())->emplace(std::move(item));
        now.serve_first(receivers);
    }
};

template <typename T>
class send_awaiter final : public line_wait {
public:
    send_awaiter(ref<channel_state<T>> state, T&& value, task_context& context,
                 const std::source_location& where) noexcept
        : line_wait(state->lock, state->senders, context, where, &value_),
          state_(std::move(state)),
          value_(std::move(value)) {}

    void await_resume() {
        conclude();
        if (turned_away()) fail(std::make_exception_ptr(channel_closed()));
    }

private:
    [[nodiscard]] bool take(serving& now) override {
        if (!state_->closed) return state_->put(now, value_);
        turn_away();
        return true;
    }
    void describe(task_report& into) const override { into.waits_for = "room in a channel"; }

    ref<channel_state<T>> state_;
    T value_;
};

template <typename T>
class receive_awaiter final : public line_wait {
public:
    receive_awaiter(ref<channel_state<T>> state, task_context& context, const std::source_location& where) noexcept
        : line_wait(state->lock, state->receivers, context, where, &item_), state_(std::move(state)) {}

    [[nodiscard]] std::optional<T> await_resume() {
        conclude();
        return std::move(item_);
    }

private:
    [[nodiscard]] bool take(serving& now) override { return state_->take(now, item_); }
    void describe(task_report& into) const override { into.waits_for = "an item of a channel"; }

    ref<channel_state<T>> state_;
    std::optional<T> item_;
};

/// For `co_await channel.send(value)`; no aggregate, since GCC 12 destroys those twice in a `co_await` expression.
template <typename T>
class [[nodiscard]] send_operation {
public:
    using value_type = void;

    send_operation(ref<channel_state<T>> state, T&& value) noexcept
        : state_(std::move(state)), value_(std::move(value)) {}
    [[nodiscard]] send_awaiter<T> awaiter_in(task_context& context, const std::source_location& where) && noexcept {
        return send_awaiter<T>(std::move(state_), std::move(value_), context, where);
    }

private:
    ref<channel_state<T>> state_;
    T value_;
};

template <typename T>
class [[nodiscard]] receive_operation {
public:
    using value_type = std::optional<T>;

    explicit receive_operation(ref<channel_state<T>> state) noexcept : state_(std::move(state)) {}
    [[nodiscard]] receive_awaiter<T> awaiter_in(task_context& context, const std::source_location& where) && noexcept {
        return receive_awaiter<T>(std::move(state_), context, where);
    }

private:
    ref<channel_state<T>> state_;
};

}  // namespace pyasync::detail
