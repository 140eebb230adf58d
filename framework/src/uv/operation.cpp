// framework/src/uv/operation.cpp: the end of an operation on what has been closed.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/operation.hpp>

#include <uv.h>

namespace pyasync::uv::detail {

std::exception_ptr operation::closed_meanwhile() {
    return std::make_exception_ptr(error(UV_ECANCELED, "wait for what another task has closed"));
}

}  // namespace pyasync::uv::detail
