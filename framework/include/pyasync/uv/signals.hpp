// framework/include/pyasync/uv/signals.hpp: signals to this process as a stream.
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <memory>
#include <source_location>
#include <string>
#include <vector>

#include <pyasync/core/task.hpp>
#include <pyasync/uv/handle.hpp>
#include <pyasync/uv/operation.hpp>

namespace pyasync::uv {

namespace detail {

class signal_queue;

class signal_awaiter final : public operation {
public:
    signal_awaiter(std::shared_ptr<signal_queue> awaited, pyasync::detail::task_context& context,
                   const std::source_location& where) noexcept
        : operation(context, where), awaited_(std::move(awaited)) {}

    [[nodiscard]] int await_resume() const;

private:
    friend class signal_queue;

    bool begin() noexcept override;
    void withdraw() noexcept override;
    void describe(pyasync::detail::task_report& into) const override;
    [[nodiscard]] std::string subject() const override;

    std::shared_ptr<signal_queue> awaited_;
};

class signal_operation {
public:
    using value_type = int;

    signal_operation(std::shared_ptr<signal_queue> awaited, const handle& home) noexcept
        : awaited_(std::move(awaited)), home_(&home) {}

    [[nodiscard]] signal_awaiter awaiter_in(pyasync::detail::task_context& context,
                                            const std::source_location& where) const {
        require_home(context, *home_);
        return {awaited_, context, where};
    }

private:
    std::shared_ptr<signal_queue> awaited_;
    const handle* home_;
};

}  // namespace detail

/// Signals that this process gets, one after another, for as long as this lives.
///
///     auto asked = co_await pyasync::uv::signals::watch(SIGHUP, SIGUSR2);
///     for (;;) {
///         if (co_await asked.next() == SIGHUP) co_await reload();
///     }
///
/// A signal that comes while nobody waits is kept, once, however often it came, as the system does with those that are
/// blocked. All streams that watch a signal get it, on whatever loops. What the signal did before it does again when the
/// last of them has gone.
///
/// **Whose signals.** A process has one handler for each. One that somebody else handles already is refused: in an
/// application those are Ctrl-C and SIGTERM, which cancel `main`, and whatever Python has a handler for
/// (`signal.signal`, `loop.add_signal_handler`). Who installs one later takes the signal away from here, and keeps it.
/// **Thread.** It belongs to the loop of the task that awaited `watch`; its destructor may run anywhere. The handler runs
/// on the main thread, which must not block the signal.
class signals {
public:
    /// From now on. Throws `misuse` for a signal that has a handler, and for those of a fault (SIGSEGV and the like);
    /// `uv::error` for what is none, or cannot be watched (SIGKILL); `std::invalid_argument` without any.
    template <std::same_as<int>... Numbers>
        requires(sizeof...(Numbers) > 0)
    [[nodiscard]] static task<signals> watch(Numbers... numbers) {
        return watch(std::vector<int>{numbers...});
    }
    [[nodiscard]] static task<signals> watch(std::vector<int> numbers);

    /// Waits for the next one, in the order in which the system delivers them. One task at a time (a second one: `misuse`).
    ///
    /// **Cancellation.** Ends at once; no signal is lost.
    [[nodiscard]] detail::signal_operation next();

    /// Watches no more; who waits gets `UV_ECANCELED`. On its loop.
    void close();

private:
    signals() = default;

    std::shared_ptr<detail::signal_queue> queue_;
    std::vector<detail::owned<detail::handle>> handles_;
};

}  // namespace pyasync::uv
