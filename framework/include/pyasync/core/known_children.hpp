// framework/include/pyasync/core/known_children.hpp: children that are all known before they begin.
// SPDX-License-Identifier: MIT
#pragma once

#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <pyasync/core/children.hpp>

namespace pyasync::detail {

template <context_awaitable Awaitable>
using child_for = child_of<awaited_type<Awaitable>>;

template <context_awaitable... Awaitables>
using child_tuple = std::tuple<child_for<Awaitables>...>;

/// What a range gives to be awaited: what it owns is moved out, a view is asked for each element.
template <std::ranges::input_range Range>
using element_of =
    std::conditional_t<std::is_lvalue_reference_v<Range> || std::ranges::view<std::remove_cvref_t<Range>>,
                       std::ranges::range_reference_t<Range>, std::ranges::range_rvalue_reference_t<Range>>;

template <typename Range>
concept range_of_awaitables = std::ranges::input_range<Range> && context_awaitable<element_of<Range>>;

template <range_of_awaitables Range>
[[nodiscard]] std::vector<child_for<element_of<Range>>> children_of(Range&& range) {
    std::vector<child_for<element_of<Range>>> made;
    if constexpr (std::ranges::sized_range<Range>) made.reserve(std::ranges::size(range));
    for (auto&& each : range) made.emplace_back(static_cast<element_of<Range>&&>(each));
    return made;
}

/// The part of the awaiters that does not depend on what the children are for. `Children` is a tuple or a vector.
template <typename Children>
class known_children : public children {
public:
    known_children(Children made, task_context& context, const std::source_location& where) noexcept
        : children(context, where), children_(std::move(made)) {}

protected:
    ~known_children() = default;

    Children children_;  // NOLINT(cppcoreguidelines-non-private-member-variables-in-classes): the awaiters' own

private:
    void start() final {
        const auto begin = [this](child& one) { add(one, childs_locals::copied, where()); };
        if constexpr (requires { children_.begin(); }) {
            for (child& one : children_) begin(one);
        } else {
            std::apply([&](auto&... each) { (begin(each), ...); }, children_);
        }
    }
};

/// For `co_await`: the children, until there is a task that awaits them.
template <template <typename> class Awaiter, typename Children>
class [[nodiscard("tasks run only when they are awaited")]] children_to_await {
public:
    explicit children_to_await(Children made) noexcept : children_(std::move(made)) {}

    [[nodiscard]] Awaiter<Children> awaiter_in(task_context& context, const std::source_location& where) && {
        return Awaiter<Children>(std::move(children_), context, where);
    }

private:
    Children children_;
};

}  // namespace pyasync::detail
