// framework/src/uv/tls/writers_turn.cpp: waiting for the turn, and for libuv to have sent what it has.
// SPDX-License-Identifier: MIT
#include "writers_turn.hpp"

#include <uv.h>

#include <pyasync/core/task_report.hpp>

namespace pyasync::uv::detail {

bool tls_turn_awaiter::begin() noexcept {
    if (!std::exchange(connection_->is_being_written_, true)) return ended_at_once(0);
    connection_->waiting_.push(*this);
    return true;
}

void tls_turn_awaiter::withdraw() noexcept { connection_->waiting_.remove(*this); }

tls_writers_turn tls_turn_awaiter::await_resume() const {
    throw_failure();
    return tls_writers_turn(*connection_);
}

std::string tls_turn_awaiter::subject() const { return "write to " + connection_->peer(); }

void tls_turn_awaiter::describe(pyasync::detail::task_report& into) const {
    into.waits_for = "uv: its turn to write to " + connection_->peer();
}

bool tls_drain_awaiter::begin() noexcept {
    // What is left is lost, and nobody would tell.
    if (!connection_->transport_.is_open()) return ended_at_once(UV_EBADF);
    const int status = connection_->send_status_;
    if (status < 0) return ended_at_once(status);
    if (connection_->left_to_send_ > 0) {
        connection_->drains_ = this;
    } else if (connection_->gives_way()) {
        end_later(0);
    } else {
        return ended_at_once(0);
    }
    return true;
}

void tls_drain_awaiter::withdraw() noexcept { connection_->drains_ = nullptr; }

void tls_drain_awaiter::await_resume() const { throw_failure(); }

std::string tls_drain_awaiter::subject() const { return "write to " + connection_->peer(); }

void tls_drain_awaiter::describe(pyasync::detail::task_report& into) const {
    into.waits_for = "uv: " + connection_->peer() + " to take what is written";
}

}  // namespace pyasync::uv::detail
