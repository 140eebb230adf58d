// framework/include/pyasync/core/item_ring.hpp: items in their order, in one piece of memory that grows as it has to.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace pyasync::detail {

/// For one thread at a time. It allocates only where more items are in it than ever before: adding one for which there
/// has been a place throws nothing.
template <typename T>
class item_ring {
public:
    static_assert(std::is_nothrow_move_constructible_v<T>);

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// Throws `std::bad_alloc`; then nothing has happened.
    void push(T&& item) {
        make_place();
        at(size_).emplace(std::move(item));
        ++size_;
    }
    /// Before all others; the same.
    void push_front(T&& item) {
        make_place();
        first_ = (first_ + places_ - 1) % places_;
        at(0).emplace(std::move(item));
        ++size_;
    }
    /// Takes the oldest; there must be one.
    [[nodiscard]] T pop() noexcept {
        std::optional<T>& place = at(0);
        T item = std::move(*place);
        place.reset();
        first_ = (first_ + 1) % places_;
        --size_;
        return item;
    }

private:
    [[nodiscard]] std::optional<T>& at(std::size_t position) noexcept { return items_[(first_ + position) % places_]; }

    void make_place() {
        if (size_ < places_) return;
        const std::size_t more = std::max<std::size_t>(2 * places_, 4);
        auto items = std::make_unique<std::optional<T>[]>(more);
        for (std::size_t i = 0; i < size_; ++i) items[i].emplace(std::move(*at(i)));
        items_ = std::move(items);
        places_ = more;
        first_ = 0;
    }

    std::unique_ptr<std::optional<T>[]> items_;
    std::size_t places_ = 0;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

}  // namespace pyasync::detail
