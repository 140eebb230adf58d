// framework/src/bridge/dropped_exits.hpp: a sys.exit() in a C++ task whose outcome nobody takes.
// SPDX-License-Identifier: MIT
#pragma once

namespace pyasync::detail {

/// From now on, a SystemExit or KeyboardInterrupt that ends a C++ task which has been detached is raised out of the event
/// loop of that task, as asyncio does with those of its own tasks. Any thread; once or often.
void watch_dropped_exits() noexcept;

}  // namespace pyasync::detail
