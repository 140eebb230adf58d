// framework/include/pyasync/core/outbox.hpp: what a thread sends while it works through a batch.
// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include <pyasync/core/executor.hpp>

namespace pyasync::detail {

/// Gathers what this thread posts to other executors while the object lives, and hands it over in chains: one push, and
/// one wake-up at the most, for up to sixteen items.
///
/// Whoever works through a batch makes one. Items keep their order towards a destination. A batch of short steps is
/// what it is for: what takes long inside one, a wait for the GIL above all, calls `flush_current` first.
class outbox {
public:
    outbox() noexcept : outer_(std::exchange(current_, this)) {
        if (outer_ != nullptr) outer_->flush();
    }
    outbox(const outbox&) = delete;
    outbox& operator=(const outbox&) = delete;
    ~outbox() {
        flush();
        current_ = outer_;
    }

    /// The one of this thread, or null.
    [[nodiscard]] static outbox* current() noexcept { return current_; }

    static void flush_current() noexcept {
        if (current_ != nullptr) current_->flush();
    }

    void post(executor& destination, work& item) noexcept {
        if (destination_ != &destination) flush();
        destination_ = &destination;
        held_.push(item);
        if (held_.size() >= most_held) flush();
    }

    /// Until nothing is held: who is refused may post in turn, to another destination.
    void flush() noexcept {
        while (!held_.empty()) {
            work_chain sent(std::move(held_));
            destination_->post_all(std::move(sent));
        }
    }

private:
    static constexpr int most_held = 16;

    inline static thread_local outbox* current_ = nullptr;

    outbox* outer_;
    executor* destination_ = nullptr;
    work_chain held_;
};

}  // namespace pyasync::detail
