// framework/include/pyasync/core/when_all.hpp: awaiting several things at once, until all have ended.
// SPDX-License-Identifier: MIT
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <pyasync/core/known_children.hpp>

namespace pyasync {

namespace detail {

template <typename Children>
class all_awaiter final : public known_children<Children> {
public:
    using known_children<Children>::known_children;

    auto await_resume() {
        this->finish(complete_ && !this->interrupted());
        return values_of(this->children_);
    }

private:
    void ended(child&, ending how) noexcept override {
        if (how == ending::with_value) return;
        complete_ = false;
        this->stop();
    }
    [[nodiscard]] const char* name() const noexcept override { return "when_all"; }

    template <typename... T>
    static std::tuple<typename result<T>::stored...> values_of(std::tuple<child_of<T>...>& ended) {
        return std::apply(
            [](child_of<T>&... each) { return std::tuple<typename result<T>::stored...>{each.take()...}; }, ended);
    }
    template <typename T>
    static auto values_of(std::vector<child_of<T>>& ended) {
        if constexpr (!std::is_void_v<T>) {
            std::vector<T> values;
            values.reserve(ended.size());
            for (child_of<T>& each : ended) values.push_back(each.take());
            return values;
        }
    }

    bool complete_ = true;
};

template <typename Children>
using all_to_await = children_to_await<all_awaiter, Children>;

}  // namespace detail

/// Awaits tasks, futures, whatever can be awaited, at once, and gives their values as a tuple, in the order of the
/// arguments, `std::monostate` for who has none.
///
///     auto [page, answer] = co_await pyasync::when_all(fetch(url), pyasync::call<int>("example:answer"));
///
/// **Start.** The `co_await` starts them, in their order, each as a task of its own beside the awaiting one: at its
/// home, on a copy of its context variables. A future runs already, wherever that is.
/// **Thread.** Continues at the awaiting task's home, when all of them have ended.
/// **Cancellation.** Cancelling the awaiting task cancels them all, once, waits until they have unwound, and throws
/// `cancelled`, even where each has come to a value in spite of it.
/// **Errors.** Where one fails, or is cancelled, the others are cancelled and waited for. What one has failed with is
/// thrown then; where more than one has, an `exception_group` of these; where none has, what the first one was cancelled
/// with. A cancellation from outside that comes during that is thrown by the next wait.
/// **Ownership.** The awaiting expression owns tasks and futures; what they refer to must outlive it.
template <detail::context_awaitable... Awaitables>
[[nodiscard]] auto when_all(Awaitables&&... awaitables) {
    using children = detail::child_tuple<Awaitables...>;
    return detail::all_to_await<children>(children(std::forward<Awaitables>(awaitables)...));
}

/// The same for a range of tasks, futures and so on; gives a vector of their values, and nothing where these have none.
/// A container is moved from; a view gives what it makes of its elements:
///
///     std::vector<std::string> pages = co_await pyasync::when_all(urls | std::views::transform(fetch));
template <detail::range_of_awaitables Range>
[[nodiscard]] auto when_all(Range&& awaitables) {
    auto made = detail::children_of(std::forward<Range>(awaitables));
    return detail::all_to_await<decltype(made)>(std::move(made));
}

}  // namespace pyasync
