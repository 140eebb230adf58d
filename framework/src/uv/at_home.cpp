// framework/src/uv/at_home.cpp: the way home, in a report.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/at_home.hpp>

#include <pyasync/core/task_report.hpp>

namespace pyasync::uv::detail {

void at_home_awaiter::describe(pyasync::detail::task_report& into) const { into.waits_for = "its loop's thread"; }

}  // namespace pyasync::uv::detail
