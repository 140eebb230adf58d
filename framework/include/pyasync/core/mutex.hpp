// framework/include/pyasync/core/mutex.hpp: mutex, which lets one task in at a time, and blocks no thread.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <utility>

#include <pyasync/core/turnstile.hpp>

namespace pyasync {

/// For what one task at a time may do, across its `co_await`s. (What has no `co_await` in it is better kept by a
/// `std::mutex`, and what only tasks of one loop do by none.)
///
///     const auto guard = co_await connection_mutex.lock();
///     co_await write(connection, request);
///     co_return co_await read(connection);
///
/// **Thread.** Any; who waits continues at his home, and may give the guard away to another thread. **Cancellation.**
/// Ends the wait; where the lock has just been given to who waits, he has it, and his next wait throws. **Errors.**
/// `misuse` in those who still wait when it is destroyed. **Ownership.** First come, first served: who unlocks it gives
/// it to who has waited longest. It belongs to who made it, and does not move; a guard may outlive it.
class mutex {
public:
    /// It is locked for as long as this is there.
    class [[nodiscard("the lock is held for as long as its guard is there")]] guard {
    public:
        explicit guard(detail::ref<detail::turnstile> locked) noexcept : pass_(std::move(locked)) {}

        /// Unlocks it now.
        void unlock() noexcept { pass_.leave(); }
        [[nodiscard]] bool owns_lock() const noexcept { return pass_.is_in(); }

    private:
        detail::pass pass_;
    };

    mutex() : turnstile_(detail::make_ref<detail::turnstile>("a mutex", 1U, 1U)) {}
    mutex(const mutex&) = delete;
    mutex& operator=(const mutex&) = delete;
    ~mutex() { turnstile_->destroy(); }

    /// `co_await mutex.lock()` gives a guard, once nobody else has one.
    detail::turnstile_operation<guard> lock() { return detail::turnstile_operation<guard>(turnstile_); }

    /// A guard, where it is free.
    [[nodiscard]] std::optional<guard> try_lock() {
        if (!turnstile_->try_to_enter()) return std::nullopt;
        return guard(turnstile_);
    }

private:
    detail::ref<detail::turnstile> turnstile_;
};

}  // namespace pyasync
