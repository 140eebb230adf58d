// framework/src/py/into_python.cpp: a thread that stays.
// SPDX-License-Identifier: MIT
#include <pyasync/py/into_python.hpp>

#include <unistd.h>

namespace pyasync::py::detail {

void stay_for_good() noexcept {
    for (;;) ::pause();
}

}  // namespace pyasync::py::detail
