// framework/include/pyasync/pyasync.hpp: everything that an application needs, in one include.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/bridge/async_generator_function.hpp>
#include <pyasync/bridge/async_generator_into_py.hpp>
#include <pyasync/bridge/call.hpp>
#include <pyasync/bridge/coroutine_function.hpp>
#include <pyasync/bridge/coroutine_into_py.hpp>
#include <pyasync/bridge/future_into_py.hpp>
#include <pyasync/bridge/into_future.hpp>
#include <pyasync/bridge/on_asyncio.hpp>
#include <pyasync/bridge/spawn.hpp>
#include <pyasync/bridge/stream.hpp>
#include <pyasync/bridge/task_locals.hpp>
#include <pyasync/bridge/with_gil.hpp>
#include <pyasync/core/async_generator.hpp>
#include <pyasync/core/cancellation.hpp>
#include <pyasync/core/future.hpp>
#include <pyasync/core/misuse.hpp>
#include <pyasync/core/promise.hpp>
#include <pyasync/core/task.hpp>
#include <pyasync/main.hpp>
#include <pyasync/module.hpp>
#include <pyasync/options.hpp>
#include <pyasync/py/buffer.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/convert_containers.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/function.hpp>
#include <pyasync/py/gil.hpp>
#include <pyasync/py/object.hpp>
#include <pyasync/py/parameter.hpp>
#include <pyasync/runtime.hpp>
#include <pyasync/uv/error.hpp>
#include <pyasync/uv/loop.hpp>
#include <pyasync/uv/sleep.hpp>
