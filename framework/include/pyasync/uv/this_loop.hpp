// framework/include/pyasync/uv/this_loop.hpp: the loop that the running task is at home on.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/core/this_task.hpp>
#include <pyasync/uv/loop.hpp>

namespace pyasync {

namespace uv::detail {

[[nodiscard]] inline loop& home_of(pyasync::detail::task_context& context) noexcept {
    return static_cast<loop&>(context.home());
}

}  // namespace uv::detail

namespace this_task {

/// `co_await this_task::loop()` gives the libuv loop that the running task is at home on: where it continues after each
/// `co_await`, and where a socket that it opens is at home.
///
///     pyasync::uv::loop& here = co_await pyasync::this_task::loop();
///     auto reader = pyasync::spawn_on(here, read_from(socket));
///
/// Does not wait, and throws nothing. A task that has begun on the calling thread (`inline_start`) gets the loop that it
/// will go to.
[[nodiscard]] inline detail::question<&uv::detail::home_of> loop() noexcept { return {}; }

}  // namespace this_task
}  // namespace pyasync
