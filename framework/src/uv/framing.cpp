// framework/src/uv/framing.cpp: what cannot be cut out of a stream.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/framing.hpp>

#include <uv.h>

#include <stdexcept>

#include <pyasync/uv/error.hpp>

namespace pyasync::uv::detail {

void throw_ended_within(std::size_t wanted, std::size_t come, const std::string& peer) {
    throw error(UV_EOF, "read " + std::to_string(wanted) + " bytes from " + peer + ", of which " +
                            std::to_string(come) + " have come");
}

void throw_longer_than(std::size_t limit, const std::string& peer) {
    throw error(UV_EMSGSIZE,
                "read from " + peer + " what is longer than the limit of " + std::to_string(limit) + " bytes");
}

void require_delimiter(const std::string& delimiter) {
    if (delimiter.empty()) throw std::invalid_argument("pyasync: read_until needs a delimiter of one byte or more");
}

}  // namespace pyasync::uv::detail
