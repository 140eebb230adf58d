// framework/include/pyasync/uv/operation_queue.hpp: operations that wait for one thing, in turn.
// SPDX-License-Identifier: MIT
#pragma once

namespace pyasync::uv::detail {

/// First come, first served; and anybody may leave. The link is a member of the operation, `next_`, so that waiting
/// allocates nothing. Loop thread only.
template <typename Operation>
class operation_queue {
public:
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] Operation& first() const noexcept { return *first_; }

    void push(Operation& last) noexcept {
        (empty() ? first_ : last_->next_) = &last;
        last_ = &last;
    }
    /// Takes the first one out, who must be there.
    Operation& pop() noexcept {
        Operation& popped = *first_;
        first_ = popped.next_;
        return popped;
    }
    /// Takes this one out, who must be there.
    void remove(Operation& one) noexcept {
        Operation** slot = &first_;
        Operation* before = nullptr;
        while (*slot != &one) {
            before = *slot;
            slot = &before->next_;
        }
        *slot = one.next_;
        if (last_ == &one) last_ = before;
    }

private:
    Operation* first_ = nullptr;
    Operation* last_ = nullptr;
};

}  // namespace pyasync::uv::detail
