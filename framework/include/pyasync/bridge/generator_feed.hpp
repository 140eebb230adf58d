// framework/include/pyasync/bridge/generator_feed.hpp: the C++ side of an async generator that Python consumes.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <utility>

#include <pyasync/bridge/task_locals.hpp>
#include <pyasync/core/async_generator.hpp>
#include <pyasync/core/future.hpp>
#include <pyasync/core/item_queue.hpp>
#include <pyasync/core/root.hpp>
#include <pyasync/py/convert.hpp>

namespace pyasync::detail {

class generator_demand;

/// What the Python object and the C++ generator share: the items between them, and how either waits for the other.
///
/// The generator runs in a root task of its own, the pump, on a libuv loop. It runs ahead while there is room; then it
/// waits until half of the items are gone. Python takes items without a crossing while there are any.
class generator_feed : public ref_counted {
public:
    /// Python waits for an item, or the end. Cancelling it cancels the pump; it completes all the same, when that has
    /// unwound or has made an item.
    class wait final : public future_state_base, work {
    public:
        explicit wait(ref<generator_feed> feed) noexcept : work(&arrive), feed_(std::move(feed)) {}
        void cancel() noexcept override { feed_->pump_->cancel(); }
        [[nodiscard]] bool missed_cancellation() const noexcept override { return feed_->pump_->missed_cancellation(); }
        void abandon() noexcept override { feed_->abandon(); }
        /// It is the pump that it waits for.
        void identify(reported_operation& into) const override { into = reported(*feed_->pump_); }
        void met() noexcept { complete(); }
        /// To the pump's home.
        void send() noexcept;

    private:
        static void arrive(work& self, delivery how) noexcept;
        ref<generator_feed> feed_;
    };

    // ---- Python's side: under the GIL. ----

    /// Has the generator been begun? Else it has no pump yet.
    [[nodiscard]] bool started() const noexcept { return pump_ || ended(); }
    /// Ends one that has not been started, which never runs then.
    virtual void discard() noexcept = 0;
    [[nodiscard]] virtual bool empty() const noexcept = 0;
    [[nodiscard]] virtual bool ended() const noexcept = 0;
    /// Takes the oldest item and converts it; there must be one.
    [[nodiscard]] virtual py::bound pop(py::python py) = 0;
    virtual void drop_items() noexcept = 0;
    /// What it has ended with, once; null for a good end.
    [[nodiscard]] virtual std::exception_ptr take_error() noexcept = 0;
    [[nodiscard]] const exception_trail* trail() const noexcept { return trail_.get(); }

    /// A Future that is done when there is an item, or the end. Starts the generator, on the running loop and with a
    /// copy of the current context, where it has not been.
    [[nodiscard]] py::bound wait_for_more(py::python py);
    /// It has ended: what was only needed to begin waiting goes, since the context may have the generator.
    void wait_no_more() noexcept { locals_.reset(); }
    /// Cancels the generator, wherever it is; the end follows.
    void close() noexcept;
    /// The same, where nobody wants it any more.
    void abandon() noexcept;

    // ---- The pump's side: its home thread. ----

    [[nodiscard]] bool closing() const noexcept { return closing_.load(std::memory_order_relaxed); }
    [[nodiscard]] bool room() const noexcept { return !full() || (waiter_ && empty()); }
    void stands(generator_demand* producer) noexcept { producer_ = producer; }
    /// Does a step of Python's wait, on a loop that is open? Whoever cancels that one cancels the pump, too.
    [[nodiscard]] bool awaited() const noexcept { return waiter_ && !inbox_->refuses(); }
    [[nodiscard]] virtual bool pause() noexcept = 0;
    virtual void go_on() noexcept = 0;
    /// Nothing comes any more. (Any thread, where the pump could not start.)
    void end(std::exception_ptr error) noexcept;

protected:
    explicit generator_feed(const std::source_location& where) noexcept : where_(where) {}
    ~generator_feed() override = default;

    [[nodiscard]] virtual bool full() const noexcept = 0;
    [[nodiscard]] virtual ref<future_state_base> start(executor& home, locals_ref locals,
                                                       const std::source_location& where) = 0;
    virtual void put_end(std::exception_ptr error) noexcept = 0;

    /// Python's side: there is room again, or it is to be closed.
    void ask_for_more() noexcept;
    /// The pump's side: there is something for who waits.
    void tell() noexcept {
        if (waiter_) std::exchange(waiter_, {})->met();
    }

private:
    struct more_message final : work {
        explicit more_message(generator_feed& owner) noexcept : work(&deliver), feed(owner) {}
        static void deliver(work& self, delivery how) noexcept;
        generator_feed& feed;
        std::atomic<bool> posted{false};
    };

    void awaited_by(ref<wait> who) noexcept;
    void wake_producer() noexcept;

    std::source_location where_;
    ref<future_state_base> pump_;
    executor* home_ = nullptr;
    std::optional<task_locals> locals_;  ///< Python's side
    ref<asyncio_inbox> inbox_;           ///< of the same loop, for the pump's side
    std::atomic<bool> closing_{false};
    ref<wait> waiter_;
    generator_demand* producer_ = nullptr;
    std::unique_ptr<exception_trail> trail_;
    more_message more_{*this};
};

/// The root task that runs the generator.
class generator_pump final : public root<void> {
public:
    generator_pump(task<> body, executor& home, locals_ref locals, const std::source_location& where,
                   const generator_feed& feed) noexcept
        : root(std::move(body), home, std::move(locals), where), feed_(feed) {}

    /// As `root::launch`; `body` shares the feed.
    [[nodiscard]] static ref<generator_pump> launch(task<> body, executor& home, locals_ref locals,
                                                    const std::source_location& where, const generator_feed& feed) {
        auto made = make_ref<generator_pump>(std::move(body), home, std::move(locals), where, feed);
        made->add_ref();
        made->begin();
        return made;
    }

    [[nodiscard]] bool awaited() const noexcept override { return feed_.awaited(); }
    /// But for its own places, which the user has not written.
    void describe(task_report& into) const override {
        root::describe(into);
        if (!into.places.empty() && into.places_left_out == 0) into.places.pop_back();
    }

private:
    ~generator_pump() override = default;

    const generator_feed& feed_;
};

/// The pump waits until there is room; `cancelled` where the generator is to be closed.
class generator_demand final : public suspension, work {
public:
    generator_demand(generator_feed& feed, task_context& context, const std::source_location& where) noexcept
        : suspension(context, where), work(&continue_pump), feed_(feed) {}

    [[nodiscard]] bool await_ready() {
        context().throw_if_cancelled();
        if (feed_.closing()) throw cancelled();
        return feed_.room();
    }
    void await_resume() const {
        if (cancelled_ || feed_.closing()) throw cancelled();
    }

    /// The last thing that touches this object.
    void wake() noexcept {
        feed_.stands(nullptr);
        feed_.go_on();
        resume();
    }

private:
    bool begin() noexcept override {
        if (!feed_.pause()) return false;
        feed_.stands(this);
        return true;
    }
    static void continue_pump(work& self, delivery how) noexcept {
        if (how == delivery::served) static_cast<generator_demand&>(self).resume();
    }
    void describe(task_report& into) const override { into.waits_for = "Python to take items of its generator"; }
    void cancel() noexcept override {
        if (std::exchange(cancelled_, true)) return;
        feed_.stands(nullptr);
        feed_.go_on();
        context().home().post(*this);
    }

    generator_feed& feed_;
    bool cancelled_ = false;
};

struct room_in {
    generator_feed& feed;
    [[nodiscard]] generator_demand awaiter_in(task_context& context, const std::source_location& where) && noexcept {
        return {feed, context, where};
    }
};

template <typename T>
class generator_feed_of final : public generator_feed {
public:
    /// `kept` is what the generator refers to.
    generator_feed_of(async_generator<T> body, std::size_t ahead, const std::source_location& where,
                      std::shared_ptr<const void> kept = {})
        : generator_feed(where), kept_(std::move(kept)), body_(std::move(body)), queue_(ahead) {}

    void discard() noexcept override {
        body_.reset();
        queue_.end(nullptr);
    }
    [[nodiscard]] bool empty() const noexcept override { return queue_.empty(); }
    [[nodiscard]] bool ended() const noexcept override { return queue_.ended(); }
    [[nodiscard]] py::bound pop(py::python py) override {
        T item = queue_.pop();
        if (queue_.asks_for_more()) ask_for_more();
        return py.value(std::move(item));
    }
    void drop_items() noexcept override {
        while (!queue_.empty()) static_cast<void>(queue_.pop());
        if (queue_.asks_for_more()) ask_for_more();
    }
    [[nodiscard]] std::exception_ptr take_error() noexcept override { return queue_.take_error(); }

    [[nodiscard]] bool pause() noexcept override { return queue_.pause(); }
    void go_on() noexcept override { queue_.go_on(); }
    void put(T&& item) {
        queue_.push(std::move(item));
        tell();
    }

private:
    ~generator_feed_of() override = default;

    /// Ends the feed where the pump's frame goes before its end.
    class ending {
    public:
        explicit ending(ref<generator_feed_of> feed) noexcept : feed_(std::move(feed)) {}
        ending(ending&&) noexcept = default;
        ending& operator=(ending&&) = delete;
        ~ending() {
            if (feed_ && !feed_->ended()) feed_->end(stopped_error());
        }
        generator_feed_of* operator->() const noexcept { return feed_.get(); }
        generator_feed_of& operator*() const noexcept { return *feed_; }

    private:
        ref<generator_feed_of> feed_;
    };

    static task<> pump(ending feed, async_generator<T> body) {
        std::exception_ptr error;
        try {
            for (;;) {
                co_await room_in{*feed};
                std::optional<T> item = co_await body.next();
                if (!item) break;
                feed->put(std::move(*item));
            }
        } catch (...) {
            error = std::current_exception();
        }
        if (!body.done()) {  // cancelled, where it stands at a co_yield
            try {
                co_await body.close();
            } catch (...) {
                error = std::current_exception();
            }
        }
        feed->end(std::move(error));
    }

    [[nodiscard]] ref<future_state_base> start(executor& home, locals_ref locals,
                                               const std::source_location& where) override {
        async_generator<T> body = std::move(*body_);
        body_.reset();
        return generator_pump::launch(pump(ending(ref<generator_feed_of>::share(this)), std::move(body)), home,
                                      std::move(locals), where, *this);
    }
    [[nodiscard]] bool full() const noexcept override { return queue_.full(); }
    void put_end(std::exception_ptr error) noexcept override { queue_.end(std::move(error)); }

    std::shared_ptr<const void> kept_;
    std::optional<async_generator<T>> body_;
    item_queue<T> queue_;
};

}  // namespace pyasync::detail
