// framework/src/uv/tls/arrival.cpp: waiting for what another task reads from the connection below.
// SPDX-License-Identifier: MIT
#include "arrival.hpp"

#include <pyasync/core/task_report.hpp>

namespace pyasync::uv::detail {

bool others_arrival_awaiter::begin() noexcept {
    connection_->waits_for_other_ = this;  // one reads, one writes: so nobody else does
    return true;
}

void others_arrival_awaiter::withdraw() noexcept { connection_->waits_for_other_ = nullptr; }

std::string others_arrival_awaiter::subject() const { return what_ + connection_->peer(); }

void others_arrival_awaiter::describe(pyasync::detail::task_report& into) const {
    into.waits_for = "uv: the rest of a message from " + connection_->peer();
}

}  // namespace pyasync::uv::detail
