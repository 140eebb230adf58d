// framework/include/pyasync/bridge/stream_driver.hpp: what asyncio steps on behalf of a stream.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/bridge/stream_source.hpp>
#include <pyasync/py/object.hpp>

namespace pyasync::detail {

/// A Python object that behaves as a coroutine does (`send`, `throw`, `close`, `await`): its steps are the source's. It
/// shares the source. Under the GIL; throws `python_error` where there is no memory.
[[nodiscard]] py::bound make_stream_driver(py::python py, ref<stream_source> source);

}  // namespace pyasync::detail
