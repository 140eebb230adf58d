// framework/src/uv/connecting.cpp: one attempt to connect.
// SPDX-License-Identifier: MIT
#include "connecting.hpp"

#include <uv.h>

#include <memory>
#include <new>
#include <utility>

#include <pyasync/core/task_report.hpp>

namespace pyasync::uv::detail {

/// libuv's, for as long as it needs it; without the awaiter, where that has been cancelled.
struct connect_request {
    uv_connect_t raw{};
    connect_awaiter* awaiter = nullptr;

    static void over(uv_connect_t* raw, int status) noexcept {
        const std::unique_ptr<connect_request> self(static_cast<connect_request*>(raw->data));
        // ECANCELED, where it still waits: the loop ends, and nobody goes on.
        if (self->awaiter != nullptr && status != UV_ECANCELED) self->awaiter->called_back(status);
    }
};

bool connect_awaiter::begin() noexcept {
    auto* const request = new (std::nothrow) connect_request;
    if (request == nullptr) return ended_at_once(UV_ENOMEM);
    request->raw.data = request;
    request->awaiter = this;
    const int status = stream_->connect(&request->raw, &connect_request::over);
    if (status < 0) {
        delete request;
        return ended_at_once(status);
    }
    request_ = request;
    return true;
}

void connect_awaiter::withdraw() noexcept { std::exchange(request_, nullptr)->awaiter = nullptr; }

void connect_awaiter::called_back(int status) noexcept {
    request_ = nullptr;
    end(status);
}

void connect_awaiter::await_resume() const { throw_failure(); }

std::string connect_awaiter::subject() const { return "connect to " + stream_->peer(); }

void connect_awaiter::describe(pyasync::detail::task_report& into) const {
    into.waits_for = "uv: a connection to " + stream_->peer();
}

}  // namespace pyasync::uv::detail
