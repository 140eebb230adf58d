// framework/include/pyasync/uv/at_home.hpp: going to the loop's thread, before libuv is asked for something.
// SPDX-License-Identifier: MIT
#pragma once

#include <source_location>

#include <pyasync/core/task_context.hpp>

namespace pyasync::uv::detail {

class at_home_awaiter final : public pyasync::detail::suspension {
public:
    at_home_awaiter(pyasync::detail::task_context& context, const std::source_location& where) noexcept
        : suspension(context, where) {}

    [[nodiscard]] bool await_ready() {
        context().throw_if_cancelled();
        return !context().is_away();
    }
    void await_resume() const noexcept {}

private:
    bool begin() noexcept override { return false; }
    void cancel() noexcept override { context().cancel_next_wait(); }
    void describe(pyasync::detail::task_report& into) const override;
};

/// `co_await at_home()` continues on the task's home thread: at once, unless the task has begun elsewhere.
struct at_home {
    using value_type = void;
    [[nodiscard]] at_home_awaiter awaiter_in(pyasync::detail::task_context& context,
                                             const std::source_location& where) const noexcept {
        return {context, where};
    }
};

}  // namespace pyasync::uv::detail
