// framework/include/pyasync/core/inbox.hpp: the lock-free queue through which all threads reach one.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <utility>

#include <pyasync/core/work.hpp>

namespace pyasync::detail {

/// Many producers, one owner, and no wake-up while the owner is awake.
///
/// One word holds the whole state: empty, a stack of items, "the owner sleeps" or "closed". A producer pushes with one
/// compare-and-swap and learns from the word it replaced whether the owner has to be woken, so a burst of any size
/// costs one wake-up. The owner takes all items at once, in the order of their arrival. (Treiber's stack, IBM RJ 5118,
/// 1986, taken whole, so that the ABA problem does not arise.)
class inbox {
public:
    enum class pushed {
        queued,  ///< the owner is awake, or somebody else's push wakes it
        wake,    ///< the owner sleeps: the producer must wake it
        closed   ///< not taken: the item is still the producer's
    };

    /// Any thread.
    [[nodiscard]] pushed push(work& item) noexcept { return push(work_chain(item)); }

    /// The same for several at once; where it is closed, the chain is still whole.
    [[nodiscard]] pushed push(work_chain&& items) noexcept { return push(items); }
    [[nodiscard]] pushed push(work_chain& items) noexcept {
        work* head = head_.load(std::memory_order_relaxed);
        do {
            if (head == closed()) return pushed::closed;
            items.oldest().next = head == asleep() ? nullptr : head;
        } while (
            !head_.compare_exchange_weak(head, &items.newest(), std::memory_order_release, std::memory_order_relaxed));
        has_pushed_ = true;
        return head == asleep() ? pushed::wake : pushed::queued;
    }

    /// Has this thread pushed anything, to whomever, since it was last asked?
    [[nodiscard]] static bool has_pushed() noexcept { return std::exchange(has_pushed_, false); }

    /// Owner: everything that has come, oldest first. Wakes an owner that was marked asleep.
    [[nodiscard]] work_queue take() noexcept {
        const work* head = head_.load(std::memory_order_relaxed);
        if (head == nullptr || head == closed()) return {};
        return items_of(head_.exchange(nullptr, std::memory_order_acquire));
    }

    /// Owner: marks itself asleep, unless something has come; from then on the next push asks for a wake-up.
    [[nodiscard]] bool sleep() noexcept {
        work* expected = nullptr;
        return head_.compare_exchange_strong(expected, asleep(), std::memory_order_relaxed);
    }

    /// Owner: takes the mark back; false where it was not there (any more).
    [[nodiscard]] bool awake() noexcept {
        work* expected = asleep();
        return head_.compare_exchange_strong(expected, nullptr, std::memory_order_relaxed);
    }

    /// Owner: has something come? Cheap enough to spin on.
    [[nodiscard]] bool empty() const noexcept {
        const work* head = head_.load(std::memory_order_relaxed);
        return head == nullptr || head == asleep();
    }

    /// Any thread: is the owner marked asleep?
    [[nodiscard]] bool sleeps() const noexcept { return head_.load(std::memory_order_relaxed) == asleep(); }

    /// Any thread: does it refuse everything?
    [[nodiscard]] bool refuses() const noexcept { return head_.load(std::memory_order_acquire) == closed(); }

    /// Owner: refuses everything from now on, and returns what had come before.
    [[nodiscard]] work_queue close() noexcept { return items_of(head_.exchange(closed(), std::memory_order_acquire)); }

private:
    struct tag final : work {
        tag() noexcept : work(nullptr) {}
    };

    static work* asleep() noexcept { return &asleep_tag; }
    static work* closed() noexcept { return &closed_tag; }

    static work_queue items_of(work* head) noexcept {
        if (head == asleep() || head == closed()) return {};
        return in_order(head);
    }

    inline static thread_local bool has_pushed_ = false;
    inline static tag asleep_tag;
    inline static tag closed_tag;

    std::atomic<work*> head_{asleep()};
};

}  // namespace pyasync::detail
