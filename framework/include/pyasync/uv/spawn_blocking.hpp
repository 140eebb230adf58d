// framework/include/pyasync/uv/spawn_blocking.hpp: blocking functions on libuv's thread pool.
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <memory>
#include <source_location>
#include <utility>

#include <pyasync/core/future.hpp>
#include <pyasync/core/in_flight.hpp>
#include <pyasync/uv/loop.hpp>

namespace pyasync::uv {

namespace detail {

/// One function on its way through the pool; knows nothing of its result.
class blocking_job : public pyasync::detail::in_flight {
public:
    [[nodiscard]] const pyasync::detail::task_locals_base* carried() const noexcept override { return locals_.get(); }
    void abandon_here() noexcept override;

protected:
    /// What it is called in a report.
    void identify_job(pyasync::detail::reported_operation& into) const;

    blocking_job(loop& home, pyasync::detail::locals_ref locals, const std::source_location& where) noexcept
        : in_flight(where), home_(&home), locals_(std::move(locals)) {}
    ~blocking_job() = default;

    void begin() noexcept;
    void post_cancel() noexcept;
    /// Once it has ended: was it asked not to begin when it had begun?
    [[nodiscard]] bool has_missed_cancellation() const noexcept {
        return cancel_posted_.load(std::memory_order_relaxed) || missed_.load(std::memory_order_relaxed);
    }

    /// Has anybody asked it not to begin, or to end early?
    [[nodiscard]] bool asked_to_end() const noexcept { return cancelled_early_ || has_missed_cancellation(); }

    /// Pool thread.
    virtual void execute() noexcept = 0;
    /// Loop thread: it has run, or (`error`) could not.
    virtual void finished(std::exception_ptr error) noexcept = 0;
    virtual void keep() const noexcept = 0;
    virtual void drop() const noexcept = 0;

private:
    struct request;
    struct message final : pyasync::detail::work {
        message(blocking_job& owner, handler on_delivery) noexcept : work(on_delivery), job(owner) {}
        blocking_job& job;
    };
    static void start(pyasync::detail::work& self, pyasync::detail::delivery how) noexcept;
    static void cancel_delivered(pyasync::detail::work& self, pyasync::detail::delivery how) noexcept;
    void end(std::exception_ptr error) noexcept;
    /// False where it runs, or has run.
    bool prevent() noexcept;

    loop* home_;
    pyasync::detail::locals_ref locals_;
    message start_{*this, &start};
    message cancel_{*this, &cancel_delivered};
    std::atomic<bool> cancel_posted_{false};
    std::atomic<bool> missed_{false};
    bool cancelled_early_ = false;
    bool over_ = false;
    request* request_ = nullptr;
};

template <typename T, typename Function>
class blocking_state final : public pyasync::detail::future_state<T>, blocking_job {
public:
    blocking_state(Function function, loop& home, pyasync::detail::locals_ref locals, const std::source_location& where)
        : blocking_job(home, std::move(locals), where), function_(std::move(function)) {}

    [[nodiscard]] static pyasync::detail::ref<blocking_state> launch(Function function, loop& home,
                                                                     pyasync::detail::locals_ref locals,
                                                                     const std::source_location& where) {
        auto made = pyasync::detail::make_ref<blocking_state>(std::move(function), home, std::move(locals), where);
        made->add_ref();
        made->begin();
        return made;
    }

    void cancel() noexcept override { post_cancel(); }
    void abandon() noexcept override { post_cancel(); }
    [[nodiscard]] bool missed_cancellation() const noexcept override { return has_missed_cancellation(); }
    [[nodiscard]] bool awaited() const noexcept override { return pyasync::detail::future_state<T>::awaited(); }
    void identify(pyasync::detail::reported_operation& into) const override { identify_job(into); }
    void describe(pyasync::detail::task_report& into) const override {
        into.self = reported(*this);
        into.cancelled = asked_to_end();
    }

private:
    ~blocking_state() override { this->tell_if_unretrieved(this->where()); }

    void execute() noexcept override { set_from(this->outcome, std::move(function_)); }
    void finished(std::exception_ptr error) noexcept override {
        if (error) this->outcome.set_error(std::move(error));
        this->complete();
        this->release();
    }
    void keep() const noexcept override { this->add_ref(); }
    void drop() const noexcept override { this->release(); }

    Function function_;
};

}  // namespace detail

/// `function` on libuv's thread pool, in the name of a task with these locals; what `pyasync::spawn_blocking` calls.
template <std::move_constructible Function>
[[nodiscard]] future<std::invoke_result_t<Function>> spawn_blocking(Function function, loop& home,
                                                                    pyasync::detail::locals_ref locals,
                                                                    const std::source_location& where) {
    using state = detail::blocking_state<std::invoke_result_t<Function>, Function>;
    return future<std::invoke_result_t<Function>>(state::launch(std::move(function), home, std::move(locals), where));
}

}  // namespace pyasync::uv
