// framework/src/bridge/asyncio_request.cpp: there and back.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/asyncio_request.hpp>

#include <pyasync/core/misuse.hpp>

namespace pyasync::detail {

void asyncio_request::send(executor* home) noexcept {
    home_ = home;
    locals_->inbox().post(*this);
}

bool asyncio_request::send_cancel() noexcept {
    if (cancel_.posted.exchange(true, std::memory_order_acq_rel)) return true;
    std::uint32_t holders = holders_.load(std::memory_order_relaxed);
    do {
        if (holders == 0) return false;
    } while (!holders_.compare_exchange_weak(holders, holders + 1, std::memory_order_acq_rel));
    locals_->inbox().post(cancel_);
    return true;
}

void asyncio_request::finish() noexcept {
    finished_ = true;
    asyncio_inbox& inbox = locals_->inbox();
    // Its home is in the parent.
    if (inbox.of_parent_process()) return inbox.ends_in_child(py::detail::token_maker::make(), failure());
    let_go();
}

void asyncio_request::let_go() noexcept {
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    if (home_ == nullptr) return came_home();
    handle = &return_home;
    home_->post(*this);
}

void asyncio_request::arrive(work& self, delivery how) noexcept {
    auto& request = static_cast<asyncio_request&>(self);
    if (how == delivery::refused) {
        request.refused();
        return request.finish();
    }
    const py::python py = py::detail::token_maker::make();
    request.arrived_ = true;
    if (!request.cancelled_early_) return request.serve(py);
    // It was cancelled before it was sent, or by another thread, whose message has overtaken it.
    request.holders_.fetch_add(1, std::memory_order_relaxed);
    request.serve(py);
    if (request.finished_) {
        request.cancelled_late_ = true;
    } else {
        request.cancel_served(py);
    }
    request.let_go();
}

void asyncio_request::return_home(work& self, delivery how) noexcept {
    if (how == delivery::served) static_cast<asyncio_request&>(self).came_home();
}

void asyncio_request::cancel_message::deliver(work& self, delivery how) noexcept {
    auto& message = static_cast<cancel_message&>(self);
    asyncio_request& request = message.request;
    message.posted.store(false, std::memory_order_release);
    if (how == delivery::served && !request.arrived_) {
        request.cancelled_early_ = true;
    } else if (how == delivery::served && !request.finished_) {
        request.cancel_served(py::detail::token_maker::make());
    } else {
        request.cancelled_late_ = true;
    }
    request.let_go();
}

std::exception_ptr loop_closed_error() noexcept {
    return std::make_exception_ptr(
        misuse("pyasync: the event loop of this task is closed, so no Python can run in its name any more"));
}

ref<task_locals_state> locals_of(task_context& context) {
    if (!context.need_locals()) no_event_loop();
    return ref<task_locals_state>::share(static_cast<task_locals_state*>(context.locals().get()));
}

}  // namespace pyasync::detail
