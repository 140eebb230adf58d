// framework/include/pyasync/core/in_flight.hpp: what runs on an executor, listed, so that stopping finds all of it.
// SPDX-License-Identifier: MIT
#pragma once

#include <source_location>
#include <utility>

#include <pyasync/core/work.hpp>

namespace pyasync::detail {

class task_locals_base;
struct task_report;

/// An entry of the list: a root task, a blocking job. On the executor's thread only.
class in_flight {
public:
    in_flight(const in_flight&) = delete;
    in_flight& operator=(const in_flight&) = delete;

    /// Where the user started it.
    [[nodiscard]] const std::source_location& where() const noexcept { return where_; }

    [[nodiscard]] in_flight* next() const noexcept { return next_; }
    [[nodiscard]] bool listed() const noexcept { return slot_ != nullptr; }

    /// What it carries along; may be null.
    [[nodiscard]] virtual const task_locals_base* carried() const noexcept = 0;

    /// Does another one wait for it, so that cancelling that one is enough?
    [[nodiscard]] virtual bool awaited() const noexcept = 0;

    /// Nobody wants it any more: asks it to end early, once. It does not leave the list from within this call.
    virtual void abandon_here() noexcept = 0;

    /// Says what it is and what it waits for. Throws `std::bad_alloc`.
    virtual void describe(task_report& into) const = 0;

protected:
    explicit in_flight(const std::source_location& where) noexcept : where_(where) {}
    ~in_flight() = default;

private:
    friend class in_flight_list;

    std::source_location where_;
    in_flight* next_ = nullptr;
    in_flight** slot_ = nullptr;  ///< the pointer that leads here; null where it is in no list
};

/// The list, on the executor's thread only.
class in_flight_list {
public:
    void insert(in_flight& entry) noexcept {
        entry.next_ = first_;
        entry.slot_ = &first_;
        if (first_ != nullptr) first_->slot_ = &entry.next_;
        first_ = &entry;
    }

    void erase(in_flight& entry) noexcept {
        in_flight** const slot = std::exchange(entry.slot_, nullptr);
        *slot = entry.next_;
        if (entry.next_ != nullptr) entry.next_->slot_ = slot;
        if (first_ == nullptr && when_empty_ != nullptr) deliver_emptiness();
    }

    [[nodiscard]] in_flight* first() const noexcept { return first_; }

    /// Delivers `message` on this thread as soon as the list is empty, which may be now. It takes the place of an
    /// earlier one, which is refused.
    void notify_when_empty(work& message) noexcept {
        work* const earlier = std::exchange(when_empty_, &message);
        if (earlier != nullptr) earlier->handle(*earlier, delivery::refused);
        if (first_ == nullptr) deliver_emptiness();
    }

    /// Asks every entry for which `chosen(entry)` holds, and that no other one waits for, to end early.
    template <typename Predicate>
    void abandon_if(Predicate&& chosen) noexcept {
        for (in_flight* entry = first_; entry != nullptr; entry = entry->next_) {
            if (!entry->awaited() && chosen(*entry)) entry->abandon_here();
        }
    }

private:
    void deliver_emptiness() noexcept {
        work& message = *when_empty_;
        when_empty_ = nullptr;
        message.handle(message, delivery::served);
    }

    in_flight* first_ = nullptr;
    work* when_empty_ = nullptr;
};

}  // namespace pyasync::detail
