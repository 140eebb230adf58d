// framework/include/pyasync/core/waiting_line.hpp: those who wait for something in turn, wherever they are at home.
// SPDX-License-Identifier: MIT
#pragma once

#include <mutex>
#include <utility>

namespace pyasync::detail {

/// One of them: a node in his own frame, so that waiting allocates nothing. All of it is under the lock of what he waits
/// for, but for `called`.
class line_member {
public:
    line_member(const line_member&) = delete;
    line_member& operator=(const line_member&) = delete;

    /// Nobody has served him yet, and he has not left.
    [[nodiscard]] bool in_line() const noexcept { return in_line_; }
    /// Has been served, but what he waited for is no more.
    [[nodiscard]] bool turned_away() const noexcept { return turned_away_; }
    void turn_away() noexcept { turned_away_ = true; }
    /// Where what he brings, or gets, lies.
    [[nodiscard]] void* hand() const noexcept { return hand_; }

    /// He has been served. Called once, by the thread that did so, and not under the lock. Until then he stays in
    /// place; he may be gone when it returns.
    virtual void called() noexcept = 0;

protected:
    explicit line_member(void* hand = nullptr) noexcept : hand_(hand) {}
    ~line_member() = default;

private:
    friend class waiting_line;

    void* hand_;
    line_member* previous_ = nullptr;
    line_member* next_ = nullptr;
    bool in_line_ = false;
    bool turned_away_ = false;
};

/// First come, first served; and anybody may leave.
class waiting_line {
public:
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] line_member& first() const noexcept { return *first_; }

    void join(line_member& last) noexcept {
        last.in_line_ = true;
        append(last);
    }
    void leave(line_member& one) noexcept {
        (one.previous_ != nullptr ? one.previous_->next_ : first_) = one.next_;
        (one.next_ != nullptr ? one.next_->previous_ : last_) = one.previous_;
        one.in_line_ = false;
    }

    /// Moves the first one to the end of `other`, where he is out of this line.
    void move_first(waiting_line& other) noexcept {
        line_member& served = first();
        leave(served);
        other.append(served);
    }
    /// Takes the first one out, who must be there.
    [[nodiscard]] line_member& pop() noexcept {
        line_member& popped = *first_;
        first_ = popped.next_;
        if (empty()) last_ = nullptr;
        return popped;
    }

private:
    void append(line_member& last) noexcept {
        last.previous_ = last_;
        last.next_ = nullptr;
        (empty() ? first_ : last_->next_) = &last;
        last_ = &last;
    }

    line_member* first_ = nullptr;
    line_member* last_ = nullptr;
};

/// The lock, held; when it is given up, those who have been served meanwhile are called.
class serving {
public:
    explicit serving(std::mutex& lock) noexcept : lock_(lock) { lock_.lock(); }
    serving(const serving&) = delete;
    serving& operator=(const serving&) = delete;
    ~serving() {
        lock_.unlock();
        while (!served_.empty()) served_.pop().called();
    }

    /// The first one of a line has what he waits for.
    void serve_first(waiting_line& line) noexcept { line.move_first(served_); }
    /// There is nothing for any of them, and never will be.
    void turn_all_away(waiting_line& line) noexcept {
        while (!line.empty()) {
            line.first().turn_away();
            serve_first(line);
        }
    }

private:
    std::mutex& lock_;
    waiting_line served_;
};

}  // namespace pyasync::detail
