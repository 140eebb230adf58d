// framework/include/pyasync/bridge/channel_wait.hpp: one `send` or `receive` of Python's.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

#include <pyasync/core/channel_state.hpp>
#include <pyasync/core/future.hpp>
#include <pyasync/core/ref.hpp>
#include <pyasync/core/waiting_line.hpp>
#include <pyasync/py/convert.hpp>

namespace pyasync::detail {

/// Stands in the channel's line itself, without a task: who serves it wakes the Python coroutine, on whatever loop that
/// is. What a receiver has been given becomes Python's only when the coroutine goes on; if it does not, since it has
/// been cancelled or let go of meanwhile, that is the channel's next item again. So nothing is lost with it.
///
/// Under the GIL, but for `called`.
class channel_wait : public future_state_base, protected line_member {
public:
    /// Takes what it waits for, or is turned away; false where neither can be now.
    [[nodiscard]] bool try_to_end();
    /// The same, but then it stands in line from now on.
    [[nodiscard]] bool end_or_join();
    /// It has ended, and the Future that stands for it shall be done.
    void tell() noexcept { complete(); }

    /// What Python gets, once it has ended. Throws.
    [[nodiscard]] virtual py::bound result(py::python py) = 0;
    /// Nobody wants that any more.
    void give_up() noexcept;

    void cancel() noexcept override;
    void abandon() noexcept override { cancel(); }
    [[nodiscard]] bool missed_cancellation() const noexcept override { return missed_; }
    /// By a cancellation.
    [[nodiscard]] bool left() const noexcept { return left_; }

protected:
    channel_wait(std::mutex& lock, waiting_line& line, void* hand) noexcept
        : line_member(hand), lock_(lock), line_(line) {}
    ~channel_wait() override = default;

    /// Under the lock.
    [[nodiscard]] virtual bool take(serving& now) = 0;
    virtual void put_back(serving& now) noexcept = 0;

private:
    void called() noexcept final;
    [[nodiscard]] bool leave_line() noexcept;

    std::mutex& lock_;
    waiting_line& line_;
    bool left_ = false;
    bool missed_ = false;
};

template <typename T>
class python_send final : public channel_wait {
public:
    python_send(ref<channel_state<T>> state, T&& value) noexcept
        : channel_wait(state->lock, state->senders, &value_), state_(std::move(state)), value_(std::move(value)) {}

    [[nodiscard]] py::bound result(py::python py) override {
        if (turned_away()) throw channel_closed();
        return py.none();
    }
    void identify(reported_operation& into) const override { into.what = "room in a channel"; }

private:
    ~python_send() override = default;

    [[nodiscard]] bool take(serving& now) override {
        if (!state_->closed) return state_->put(now, value_);
        turn_away();
        return true;
    }
    void put_back(serving&) noexcept override {}

    ref<channel_state<T>> state_;
    T value_;
};

template <typename T>
class python_receive final : public channel_wait {
public:
    /// `end` throws what Python is told where there is nothing any more.
    python_receive(ref<channel_state<T>> state, void (*end)(py::python)) noexcept
        : channel_wait(state->lock, state->receivers, &item_), state_(std::move(state)), end_(end) {}

    [[nodiscard]] py::bound result(py::python py) override {
        if (!item_) end_(py);
        T item = std::move(*item_);
        item_.reset();
        return py.value(std::move(item));
    }
    void identify(reported_operation& into) const override { into.what = "an item of a channel"; }

private:
    ~python_receive() override = default;

    [[nodiscard]] bool take(serving& now) override { return state_->take(now, item_); }
    void put_back(serving& now) noexcept override {
        if (!item_) return;
        try {
            state_->take_back(now, *item_);
        } catch (const std::bad_alloc&) {  // there is nowhere to keep it
        }
        item_.reset();
    }

    ref<channel_state<T>> state_;
    void (*end_)(py::python);
    std::optional<T> item_;
};

}  // namespace pyasync::detail
