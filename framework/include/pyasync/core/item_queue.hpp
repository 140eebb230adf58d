// framework/include/pyasync/core/item_queue.hpp: what a stream has ready: items in order, then the end.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace pyasync {

/// How many items a stream is stepped ahead of its consumer, unless it is told otherwise.
inline constexpr std::size_t default_read_ahead = 64;

namespace detail {

/// A ring between one producer and one consumer, on a thread each, that never blocks and allocates once.
///
/// It does not wait either: who finds it empty, or full, arranges with the other side to be told, by messages of his
/// own. For the producer, which waits often, the ring keeps a flag: it is set by `pause`, and handed by `asks_for_more`
/// to the consumer, once, when half of the items are gone. So both sides work in batches.
template <typename T>
class item_queue {
public:
    /// With room for `ahead` items. With 0, there is a place for the one that is being waited for, and it is always
    /// full: the producer produces only on request.
    explicit item_queue(std::size_t ahead)
        : ahead_(ahead), places_(ahead == 0 ? 1 : ahead), items_(std::make_unique<std::optional<T>[]>(places_)) {}
    item_queue(const item_queue&) = delete;
    item_queue& operator=(const item_queue&) = delete;

    // ---- The producer. ----

    [[nodiscard]] bool full() const noexcept { return size() >= ahead_; }

    /// There must be a place: it is not `full`, or it is `empty`.
    void push(T&& item) {
        const std::size_t last = pushed_.load(std::memory_order_relaxed);
        items_[last % places_].emplace(std::move(item));
        pushed_.store(last + 1, std::memory_order_release);
    }

    /// Nothing comes any more but this exception, or null for a good end. The last call of the producer.
    void end(std::exception_ptr error) noexcept {
        error_ = std::move(error);
        ended_.store(true, std::memory_order_release);
    }

    /// It is full, and the producer wants to hear when it is not; false where that is so already.
    [[nodiscard]] bool pause() noexcept {
        paused_.store(true, std::memory_order_seq_cst);
        if (pushed_.load(std::memory_order_relaxed) - popped_.load(std::memory_order_seq_cst) >= ahead_) return true;
        paused_.store(false, std::memory_order_relaxed);
        return false;
    }
    /// It goes on, whoever told it to.
    void go_on() noexcept { paused_.store(false, std::memory_order_relaxed); }

    // ---- The consumer. ----

    /// Takes the oldest item; it must not be `empty`.
    [[nodiscard]] T pop() {
        const std::size_t first = popped_.load(std::memory_order_relaxed);
        std::optional<T>& place = items_[first % places_];
        T item = std::move(*place);
        place.reset();
        popped_.store(first + 1, std::memory_order_seq_cst);
        return item;
    }

    /// Is the producer to be told that there is room? Asked after each `pop`; true once for each `pause`, and maybe for
    /// one that found room by itself: who is told looks again.
    [[nodiscard]] bool asks_for_more() noexcept {
        return ahead_ != 0 && paused_.load(std::memory_order_seq_cst) && size() <= ahead_ / 2 &&
               paused_.exchange(false, std::memory_order_acq_rel);
    }

    /// Takes the exception that it has ended with; null where there was none, or it has been taken.
    [[nodiscard]] std::exception_ptr take_error() noexcept { return std::exchange(error_, nullptr); }

    // ---- Both. ----

    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    /// Is the end in it? There may be items before it.
    [[nodiscard]] bool ended() const noexcept { return ended_.load(std::memory_order_acquire); }

private:
    [[nodiscard]] std::size_t size() const noexcept {
        // In this order: for either side, the other one's number can only have grown meanwhile.
        const std::size_t popped = popped_.load(std::memory_order_acquire);
        return pushed_.load(std::memory_order_acquire) - popped;
    }

    static constexpr std::size_t cache_line = 64;

    const std::size_t ahead_;
    const std::size_t places_;
    const std::unique_ptr<std::optional<T>[]> items_;
    std::exception_ptr error_;
    alignas(cache_line) std::atomic<std::size_t> pushed_{0};
    std::atomic<bool> ended_{false};
    alignas(cache_line) std::atomic<std::size_t> popped_{0};
    std::atomic<bool> paused_{false};
};

}  // namespace detail
}  // namespace pyasync
