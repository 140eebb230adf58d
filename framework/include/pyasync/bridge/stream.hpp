// framework/include/pyasync/bridge/stream.hpp: a Python async iterable as a C++ stream.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <utility>

#include <pyasync/bridge/asyncio_request.hpp>
#include <pyasync/bridge/stream_source.hpp>
#include <pyasync/bridge/task_locals.hpp>
#include <pyasync/core/item_queue.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/gil.hpp>

namespace pyasync {

namespace detail {

/// What a stream and the Python side of it share.
template <typename T>
class stream_state final : public stream_source {
public:
    stream_state(const py::bound& iterator, ref<task_locals_state> locals, std::size_t read_ahead)
        : stream_source(iterator, std::move(locals)), queue_(read_ahead) {}

    // ---- The consumer's thread. ----

    [[nodiscard]] bool ended() const noexcept { return queue_.ended(); }
    /// Is there an item, or the end?
    [[nodiscard]] bool ready() const noexcept { return queue_.ended() || !queue_.empty(); }
    /// There must be one of the two.
    [[nodiscard]] std::optional<T> take() {
        if (queue_.empty()) {
            if (last_.empty()) return std::nullopt;
            std::optional<T> item(std::move(last_.front()));
            last_.pop_front();
            return item;
        }
        std::optional<T> item(queue_.pop());
        if (queue_.asks_for_more()) ask_for_more();
        return item;
    }
    [[nodiscard]] std::exception_ptr take_error() noexcept {
        return queue_.empty() && last_.empty() ? queue_.take_error() : std::exception_ptr();
    }

    bool awaited = false;

private:
    ~stream_state() override = default;

    [[nodiscard]] bool empty() const noexcept override { return queue_.empty(); }
    [[nodiscard]] bool full() const noexcept override { return queue_.full(); }
    [[nodiscard]] bool pause() noexcept override { return queue_.pause(); }
    void go_on() noexcept override { queue_.go_on(); }
    template <typename Function>
    [[nodiscard]] static std::exception_ptr convert(py::python py, const py::bound& item, Function&& keep) noexcept {
        try {
            std::forward<Function>(keep)(py::detail::with_subject(
                py, [] { return std::string("item of the stream"); }, [&]() -> T { return item.to<T>(); }));
            return nullptr;
        } catch (...) {
            return std::current_exception();
        }
    }
    [[nodiscard]] std::exception_ptr put(py::python py, const py::bound& item) noexcept override {
        return convert(py, item, [this](T&& value) { queue_.push(std::move(value)); });
    }
    [[nodiscard]] std::exception_ptr put_last(py::python py, const py::bound& item) noexcept override {
        return convert(py, item, [this](T&& value) { last_.push_back(std::move(value)); });
    }
    void end(std::exception_ptr error) noexcept override { queue_.end(std::move(error)); }

    item_queue<T> queue_;
    std::deque<T> last_;  ///< the consumer's, once the end is in the queue
};

template <typename T>
class stream_next final : public asyncio_awaiter, stream_source::waiter {
public:
    stream_next(stream_state<T>& state, task_context& context, const std::source_location& where) noexcept
        : asyncio_awaiter(context, where, {}), state_(&state) {}

    [[nodiscard]] bool await_ready() {
        context().throw_if_cancelled();
        if (state_->awaited) throw std::logic_error("pyasync: one next() of a stream at a time");
        if (state_->ready()) return true;
        if (!state_->locals()) state_->set_locals(locals_of(context()));
        return false;
    }
    [[nodiscard]] std::optional<T> await_resume() {
        if (kept_) state_->awaited = false;
        if (!error_) error_ = state_->take_error();
        if (error_) fail(error_);
        return state_->take();
    }

private:
    bool begin() noexcept override {
        kept_ = ref<stream_state<T>>::share(state_);
        state_->awaited = true;
        set_locals(state_->locals());
        return asyncio_awaiter::begin();
    }
    void serve(py::python py) noexcept override { state_->wanted(py, *this); }
    void cancel_served(py::python py) noexcept override { state_->cancel_wanted(py, *this); }
    void describe(task_report& into) const override {
        const stream_source& source = *state_;
        into.waits_for_one({{&source}, "an item of a stream", {}, ref<const ref_counted>::share(&source)});
    }
    void refused() noexcept override { error_ = loop_closed_error(); }
    [[nodiscard]] std::exception_ptr failure() const noexcept override { return error_; }
    void answer(std::exception_ptr error) noexcept override {
        error_ = std::move(error);
        finish();
    }

    stream_state<T>* state_;
    ref<stream_state<T>> kept_;  ///< while it waits
    std::exception_ptr error_;
};

template <typename T>
struct stream_operation {
    stream_state<T>* state;

    using value_type = std::optional<T>;
    [[nodiscard]] stream_next<T> awaiter_in(task_context& context, const std::source_location& where) && {
        return stream_next<T>(*state, context, where);
    }
};

}  // namespace detail

/// The items of a Python async iterable, one after another.
///
///     while (auto line = co_await lines.next()) fmt::print("{}\n", *line);
///
/// **Thread.** May be moved to, awaited on and destroyed on any thread, by one task at a time (a second `next()` while
/// one waits is a `std::logic_error`); the task continues at its own home. **Cancellation.** Cancelling the task that
/// awaits `next()` cancels the step that Python waits in, as a cancelled `async for` would, and waits until that has
/// unwound: then `next()` throws `cancelled`, or gives the item where the iterable did not let itself be cancelled.
/// **Errors.** `next()` throws what the iterable raises, once, after the items before it, and an item that does not
/// convert, by name; from then on it gives nothing. `std::runtime_error` where the event loop has been closed.
/// **Ownership.** Destroying it early never waits: on the asyncio thread, the step under way is cancelled and
/// `aclose()` is called, where there is one; what that raises is reported by the event loop.
template <typename T = py::object>
class [[nodiscard("a stream that is destroyed closes its iterable")]] stream {
public:
    using value_type = T;

    explicit stream(detail::ref<detail::stream_state<T>> state) noexcept : state_(std::move(state)) {}
    stream(stream&&) noexcept = default;
    stream& operator=(stream&& other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~stream() {
        if (state_ && !state_->ended()) state_->abandon();
    }

    /// `co_await s.next()` gives the next item; nothing at the end, then and ever after.
    [[nodiscard]] detail::stream_operation<T> next() & noexcept { return {state_.get()}; }

private:
    detail::ref<detail::stream_state<T>> state_;
};

/// Makes a stream of anything that Python's `async for` takes.
///
///     pyasync::stream<int> ticks = co_await pyasync::on_asyncio(
///         [](py::python py) { return pyasync::into_stream<int>(py.import("example").attr("ticks")()); });
///
/// Nothing is stepped before the first `next()`. From then on the iterable is stepped at most `read_ahead` items ahead
/// of what has been taken, so that one crossing carries many; with 0, only while a `next()` waits. One asyncio.Task
/// steps it throughout: the iterable may keep it, as `asyncio.timeout` does. (A cancellation ends that Task; a `next()`
/// after it is another one's.) It runs on the event loop of the current task, else on this thread's running loop, else
/// on the application's; where there is none yet, on that of the task that first awaits it. **Thread.** Any that holds
/// the GIL. **Errors.** A `TypeError` at once where it is no async iterable. **Ownership.** Shares the iterable.
template <typename T = py::object>
[[nodiscard]] stream<T> into_stream(const py::bound& async_iterable, std::size_t read_ahead = default_read_ahead) {
    py::detail::require_free_of_gil<T>();
    return stream<T>(detail::make_ref<detail::stream_state<T>>(detail::async_iterator_of(async_iterable),
                                                               detail::locals_here(async_iterable.py()), read_ahead));
}

/// The same, on the loop and in the context of the given locals.
template <typename T = py::object>
[[nodiscard]] stream<T> into_stream(const task_locals& locals, const py::bound& async_iterable,
                                    std::size_t read_ahead = default_read_ahead) {
    py::detail::require_free_of_gil<T>();
    return stream<T>(detail::make_ref<detail::stream_state<T>>(detail::async_iterator_of(async_iterable),
                                                               locals.state(), read_ahead));
}

}  // namespace pyasync
