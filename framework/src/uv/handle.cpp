// framework/src/uv/handle.cpp: who lets go of a handle last frees it.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/handle.hpp>

#include <uv.h>

#include <pyasync/core/misuse.hpp>

namespace pyasync::uv::detail {

using pyasync::detail::delivery;
using pyasync::detail::work;

void handle::opened() noexcept {
    holders_.fetch_add(1, std::memory_order_relaxed);
    raw_handle()->data = this;
    home_->handles().insert(*this);
}

void handle::close() noexcept {
    if (!is_open()) return;
    closes();
    hand_to_libuv_for_closing();
}

void handle::hand_to_libuv_for_closing() noexcept {
    open_handles::erase(*this);
    uv_close(raw_handle(), &closed);
}

void handle::closed(uv_handle_t* raw) noexcept { static_cast<handle*>(raw->data)->release(); }

void handle::disown() noexcept {
    if (home_->is_current()) {
        let_go(*this, delivery::served);
    } else {
        home_->post(*this);
    }
}

void handle::let_go(work& self, delivery how) noexcept {
    auto& me = static_cast<handle&>(self);
    if (how == delivery::served) me.disowned();  // else the loop has done so, or does it at its end
    me.release();
}

void handle::release() noexcept {
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

namespace {

[[noreturn]] void throw_used_elsewhere() {
    throw misuse("pyasync: a stream, a socket and the like are used by tasks of the loop that they were made on");
}

}  // namespace

void require_home(const pyasync::detail::task_context& task, const handle& used) {
    if (&task.home() != &used.home()) throw_used_elsewhere();
}

void require_home(const handle& used) {
    if (!used.home().is_current()) throw_used_elsewhere();
}

void open_handles::insert(handle& one) noexcept {
    one.next_ = first_;
    one.slot_.store(&first_, std::memory_order_relaxed);
    if (first_ != nullptr) first_->slot_.store(&one.next_, std::memory_order_relaxed);
    first_ = &one;
}

void open_handles::erase(handle& one) noexcept {
    handle** const slot = one.slot_.load(std::memory_order_relaxed);
    one.slot_.store(nullptr, std::memory_order_relaxed);
    *slot = one.next_;
    if (one.next_ != nullptr) one.next_->slot_.store(slot, std::memory_order_relaxed);
}

void open_handles::close_all() noexcept {
    while (first_ != nullptr) first_->hand_to_libuv_for_closing();
}

}  // namespace pyasync::uv::detail
