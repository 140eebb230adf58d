// framework/include/pyasync/core/semaphore.hpp: semaphore, which lets so many tasks in at a time.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <utility>

#include <pyasync/core/turnstile.hpp>

namespace pyasync {

/// For what only so many tasks may do at a time.
///
///     pyasync::semaphore downloads(8);
///
///     const auto permit = co_await downloads.acquire();
///     co_await fetch(url);
///
/// **Thread.** Any; who waits continues at his home, and may give the permit away to another thread. **Cancellation.**
/// Ends the wait; where who waits has just been given a permit, he has it, and his next wait throws. **Errors.** `misuse`
/// in those who still wait when it is destroyed. **Ownership.** First come, first served. It belongs to who made it, and
/// does not move; a permit may outlive it.
class semaphore {
public:
    /// One of its places, for as long as this is there.
    class [[nodiscard("a permit is held for as long as it is there")]] permit {
    public:
        explicit permit(detail::ref<detail::turnstile> entered) noexcept : pass_(std::move(entered)) {}

        /// Gives it back now.
        void release() noexcept { pass_.leave(); }
        /// Does not give it back: that is for a `release()` of the semaphore's to do.
        void detach() && noexcept { pass_.stay(); }

    private:
        detail::pass pass_;
    };

    /// With so many permits.
    explicit semaphore(std::size_t permits) : semaphore(permits, permits) {}
    /// With `most`, of which `available` are there at first. `std::invalid_argument` where these are more, or there are
    /// none at all.
    semaphore(std::size_t available, std::size_t most) {
        if (most == 0 || available > most) {
            throw std::invalid_argument("pyasync: a semaphore has at least one permit, and no more than its limit");
        }
        turnstile_ = detail::make_ref<detail::turnstile>("a semaphore", available, most);
    }
    semaphore(const semaphore&) = delete;
    semaphore& operator=(const semaphore&) = delete;
    ~semaphore() {
        if (turnstile_) turnstile_->destroy();
    }

    /// `co_await semaphore.acquire()` gives a permit, once there is one.
    detail::turnstile_operation<permit> acquire() { return detail::turnstile_operation<permit>(turnstile_); }

    /// A permit, where there is one now.
    [[nodiscard]] std::optional<permit> try_acquire() {
        if (!turnstile_->try_to_enter()) return std::nullopt;
        return permit(turnstile_);
    }

    /// Adds the permit that has been detached, or was not there at first. `std::logic_error` where all of them are there.
    void release() {
        if (!turnstile_->leave()) throw std::logic_error("pyasync: a semaphore was released that has all its permits");
    }

    /// How many are there now.
    [[nodiscard]] std::size_t available() const noexcept { return turnstile_->free(); }

private:
    detail::ref<detail::turnstile> turnstile_;
};

}  // namespace pyasync
