// framework/src/core/misuse.cpp: the message for what has been given away.
// SPDX-License-Identifier: MIT
#include <pyasync/core/misuse.hpp>

#include <string>

namespace pyasync::detail {

void refuse_gone(const char* what) {
    throw misuse(std::string("pyasync: this ") + what + " has been awaited, given away or moved from before");
}

}  // namespace pyasync::detail
