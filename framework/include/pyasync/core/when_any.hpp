// framework/include/pyasync/core/when_any.hpp: awaiting several things at once, until the first has ended.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <pyasync/core/known_children.hpp>

namespace pyasync {

namespace detail {

template <typename Children>
class any_awaiter final : public known_children<Children> {
public:
    using known_children<Children>::known_children;

    auto await_resume() {
        this->finish(won_);
        return value_of(this->children_);
    }

private:
    void ended(child& one, ending how) noexcept override {
        if (first_ != nullptr || this->stopping()) return;
        first_ = &one;
        won_ = how == ending::with_value;
        this->stop();
    }
    [[nodiscard]] const char* name() const noexcept override { return "when_any"; }

    template <typename... T>
    std::variant<typename result<T>::stored...> value_of(std::tuple<child_of<T>...>& ended) {
        return value_at<std::variant<typename result<T>::stored...>, 0>(ended);
    }
    template <typename Value, std::size_t Index>
    Value value_at(Children& ended) {
        if constexpr (Index + 1 < std::tuple_size_v<Children>) {
            if (first_ != &std::get<Index>(ended)) return value_at<Value, Index + 1>(ended);
        }
        return Value(std::in_place_index<Index>, std::get<Index>(ended).take());
    }

    template <typename T>
    auto value_of(std::vector<child_of<T>>& ended) {
        auto* const winner = static_cast<child_of<T>*>(first_);
        const auto index = static_cast<std::size_t>(winner - ended.data());
        if constexpr (std::is_void_v<T>) {
            return index;
        } else {
            return std::pair<std::size_t, T>(index, winner->take());
        }
    }

    child* first_ = nullptr;
    bool won_ = false;
};

template <typename Children>
using any_to_await = children_to_await<any_awaiter, Children>;

}  // namespace detail

/// Awaits tasks, futures, whatever can be awaited, at once, until the first one ends; then the others are cancelled,
/// and waited for. Gives the first one's value in a `std::variant`, whose `index()` is its place among the arguments
/// (`std::monostate` for who has none).
///
///     auto first = co_await pyasync::when_any(from_cache(key), from_network(key));
///     fmt::print("{} from the {}\n", std::visit(&text_of, first), first.index() == 0 ? "cache" : "network");
///
/// **Start, Thread, Ownership.** As with `when_all`.
/// **Cancellation.** Cancelling the awaiting task cancels them all, once, waits until they have unwound, and throws
/// `cancelled`; where one has ended before that, it has won, and the next wait throws.
/// **Errors.** What the first one has failed with; with what others fail then, where they do, as an `exception_group`.
/// Where the first one has a value, what the others end with is dropped: an item of a channel, too, that another one
/// had just been given.
template <detail::context_awaitable... Awaitables>
    requires(sizeof...(Awaitables) > 0)
[[nodiscard]] auto when_any(Awaitables&&... awaitables) {
    using children = detail::child_tuple<Awaitables...>;
    return detail::any_to_await<children>(children(std::forward<Awaitables>(awaitables)...));
}

/// The same for a range, as with `when_all`; gives a pair of the place in the range and the value, and the place alone
/// where these have none. `std::invalid_argument` where it is empty: none would ever end.
///
///     auto [mirror, page] = co_await pyasync::when_any(mirrors | std::views::transform(fetch));
template <detail::range_of_awaitables Range>
[[nodiscard]] auto when_any(Range&& awaitables) {
    auto made = detail::children_of(std::forward<Range>(awaitables));
    if (made.empty()) throw std::invalid_argument("pyasync: when_any of nothing would never end");
    return detail::any_to_await<decltype(made)>(std::move(made));
}

}  // namespace pyasync
