// framework/src/bridge/generator_feed.cpp: how Python and a C++ generator wait for each other.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/generator_feed.hpp>

#include <pyasync/bridge/future_into_py.hpp>
#include <pyasync/uv/loop_pool.hpp>

namespace pyasync::detail {
namespace {

/// The Future only says that there is something; what it is, is taken when Python looks: so nothing gets lost where
/// nobody looks any more.
py::bound take_nothing(py::python py, future_state_base&) { return py.none(); }

}  // namespace

void generator_feed::wait::send() noexcept {
    add_ref();
    feed_->home_->post(*this);
}

void generator_feed::wait::arrive(work& self, delivery how) noexcept {
    auto arrived = ref<wait>::adopt(&static_cast<wait&>(self));
    generator_feed& feed = *arrived->feed_;
    if (how == delivery::refused) return arrived->met();
    feed.awaited_by(std::move(arrived));
}

void generator_feed::awaited_by(ref<wait> who) noexcept {
    tell();  // one that has been given up
    if (!empty() || ended()) return who->met();
    waiter_ = std::move(who);
    wake_producer();
}

void generator_feed::wake_producer() noexcept {
    if (producer_ != nullptr && (room() || closing())) producer_->wake();
}

void generator_feed::more_message::deliver(work& self, delivery how) noexcept {
    auto& arrived = static_cast<more_message&>(self);
    const auto kept = ref<generator_feed>::adopt(&arrived.feed);
    arrived.posted.store(false, std::memory_order_release);
    if (how == delivery::served) kept->wake_producer();
}

void generator_feed::ask_for_more() noexcept {
    if (more_.posted.exchange(true, std::memory_order_acq_rel)) return;
    add_ref();
    home_->post(more_);
}

py::bound generator_feed::wait_for_more(py::python py) {
    auto waiting = make_ref<wait>(ref<generator_feed>::share(this));
    if (!started()) {
        home_ = &uv::loop_pool::instance().next();
        locals_ = running_locals(py);
        inbox_ = ref<asyncio_inbox>::share(&locals_->state()->inbox());
        waiter_ = waiting;
        pump_ = start(*home_, locals_->state(), where_);
        return make_python_future(py, std::move(waiting), &take_nothing, locals_->state());
    }
    py::bound future = make_python_future(py, waiting, &take_nothing, locals_->state());
    waiting->send();
    return future;
}

void generator_feed::close() noexcept {
    closing_.store(true, std::memory_order_relaxed);
    pump_->cancel();
}

void generator_feed::abandon() noexcept {
    closing_.store(true, std::memory_order_relaxed);
    if (!pump_) return;
    pump_->abandon();
    ask_for_more();  // where it has been cancelled before, and waits for room, that one does not reach it
}

void generator_feed::end(std::exception_ptr error) noexcept {
    if (task_context* const context = task_context::current(); context != nullptr && error != nullptr) {
        trail_ = context->take_trail();
        if (trail_ != nullptr && trail_->subject != error) trail_ = nullptr;
        if (trail_ != nullptr) {
            trail_->passed.pop_back();  // the last place is the pump's own
            trail_->subject = nullptr;
        }
    }
    put_end(std::move(error));
    tell();
}

}  // namespace pyasync::detail
