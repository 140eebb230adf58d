// framework/include/pyasync/core/ref.hpp: shared ownership with the count inside the object.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace pyasync::detail {

/// The count of an object that `ref` owns; starts at one, for whoever made it.
class ref_counted {
public:
    ref_counted() = default;
    ref_counted(const ref_counted&) = delete;
    ref_counted& operator=(const ref_counted&) = delete;

    void add_ref() const noexcept { count_.fetch_add(1, std::memory_order_relaxed); }

    void release() const noexcept {
        if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

protected:
    virtual ~ref_counted() = default;

    /// For an owner: is there another one? Where there is none, there never will be.
    [[nodiscard]] bool shared() const noexcept { return count_.load(std::memory_order_acquire) != 1; }

private:
    mutable std::atomic<std::uint32_t> count_{1};
};

/// A shared owner of a `ref_counted` object; null when empty.
template <typename T>
class ref {
public:
    ref() = default;
    ref(const ref& other) noexcept : target_(other.target_) {
        if (target_ != nullptr) target_->add_ref();
    }
    ref(ref&& other) noexcept : target_(std::exchange(other.target_, nullptr)) {}
    template <typename U>
        requires std::is_convertible_v<U*, T*>
    ref(ref<U> other) noexcept : target_(other.leak()) {}
    ref& operator=(ref other) noexcept {
        std::swap(target_, other.target_);
        return *this;
    }
    ~ref() {
        if (target_ != nullptr) target_->release();
    }

    /// Takes over a count that the caller holds.
    [[nodiscard]] static ref adopt(T* target) noexcept {
        ref owner;
        owner.target_ = target;
        return owner;
    }

    /// Adds a count of its own.
    [[nodiscard]] static ref share(T* target) noexcept {
        if (target != nullptr) target->add_ref();
        return adopt(target);
    }

    /// Gives its count to the caller.
    [[nodiscard]] T* leak() noexcept { return std::exchange(target_, nullptr); }

    [[nodiscard]] T* get() const noexcept { return target_; }
    T* operator->() const noexcept { return target_; }
    T& operator*() const noexcept { return *target_; }
    explicit operator bool() const noexcept { return target_ != nullptr; }

private:
    T* target_ = nullptr;
};

template <typename T, typename... Args>
[[nodiscard]] ref<T> make_ref(Args&&... args) {
    return ref<T>::adopt(new T(std::forward<Args>(args)...));
}

}  // namespace pyasync::detail
