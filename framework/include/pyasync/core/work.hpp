// framework/include/pyasync/core/work.hpp: the unit of work that one thread hands to another.
// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

namespace pyasync::detail {

/// What became of a unit of work: its owner took it, or had closed its doors before it came.
enum class delivery { served, refused };

/// An intrusive node, embedded in whatever travels: posting one allocates nothing.
///
/// `handle` is called once for each posting, with `served` on the owner's thread, or with `refused` on the thread that
/// posted it. The node must stay where it is until then; after that it belongs to its poster again.
struct work {
    using handler = void (*)(work&, delivery) noexcept;

    explicit work(handler on_delivery) noexcept : handle(on_delivery) {}
    work(const work&) = delete;
    work& operator=(const work&) = delete;

    handler handle;
    work* next = nullptr;

protected:
    ~work() = default;
};

/// First in, first out, for one thread.
class work_queue {
public:
    work_queue() = default;
    work_queue(work_queue&& other) noexcept
        : first_(std::exchange(other.first_, nullptr)), last_(std::exchange(other.last_, nullptr)) {}
    work_queue& operator=(work_queue&&) = delete;

    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

    void push(work& item) noexcept {
        item.next = nullptr;
        (empty() ? first_ : last_->next) = &item;
        last_ = &item;
    }

    /// The oldest item; the queue must not be empty.
    work& pop() noexcept {
        work& item = *first_;
        first_ = item.next;
        return item;
    }

    void append(work_queue&& other) noexcept {
        if (other.empty()) return;
        (empty() ? first_ : last_->next) = other.first_;
        last_ = other.last_;
        other.first_ = nullptr;
    }

private:
    work* first_ = nullptr;
    work* last_ = nullptr;
};

/// What is pushed as one onto a stack: last in, first out.
class work_chain {
public:
    work_chain() = default;
    explicit work_chain(work& only) noexcept { push(only); }
    work_chain(work_chain&& other) noexcept
        : newest_(std::exchange(other.newest_, nullptr)),
          oldest_(other.oldest_),
          size_(std::exchange(other.size_, 0)) {}
    work_chain& operator=(work_chain&&) = delete;

    [[nodiscard]] bool empty() const noexcept { return newest_ == nullptr; }
    [[nodiscard]] int size() const noexcept { return size_; }
    [[nodiscard]] work& newest() const noexcept { return *newest_; }
    [[nodiscard]] work& oldest() const noexcept { return *oldest_; }

    void push(work& item) noexcept {
        if (empty()) oldest_ = &item;
        item.next = newest_;
        newest_ = &item;
        ++size_;
    }

    /// All of them, the oldest first; the chain is empty then.
    [[nodiscard]] work_queue take() noexcept;

private:
    work* newest_ = nullptr;
    work* oldest_ = nullptr;
    int size_ = 0;
};

/// The items of a stack that ends with null, oldest first.
[[nodiscard]] inline work_queue in_order(work* newest) noexcept {
    work* reversed = nullptr;
    while (newest != nullptr) {
        work* const older = std::exchange(newest->next, reversed);
        reversed = std::exchange(newest, older);
    }
    work_queue queue;
    while (reversed != nullptr) queue.push(*std::exchange(reversed, reversed->next));
    return queue;
}

/// Tells all of them that they have been refused.
inline void refuse(work_queue items) noexcept {
    while (!items.empty()) {
        work& item = items.pop();
        item.handle(item, delivery::refused);
    }
}

inline work_queue work_chain::take() noexcept {
    if (empty()) return {};
    oldest_->next = nullptr;
    size_ = 0;
    return in_order(std::exchange(newest_, nullptr));
}

}  // namespace pyasync::detail
