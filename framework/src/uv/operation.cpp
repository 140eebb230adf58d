// framework/src/uv/operation.cpp: the end of an operation on what has been closed.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/operation.hpp>

#include <uv.h>

namespace pyasync::uv::detail {

std::exception_ptr operation::closed_meanwhile() const noexcept {
    try {
        return std::make_exception_ptr(error(UV_ECANCELED, subject() + ", until another task closed it"));
    } catch (...) {
        return std::current_exception();
    }
}

}  // namespace pyasync::uv::detail
