// framework/src/py/reclaim.cpp: the references on their way to a thread that holds the GIL.
// SPDX-License-Identifier: MIT
#include <pyasync/py/reclaim.hpp>

#include <atomic>
#include <memory>
#include <new>

#include <pyasync/core/inbox.hpp>
#include <pyasync/py/gil.hpp>
#include <pyasync/py/let_go.hpp>

namespace pyasync::py::detail {
namespace {

using pyasync::detail::inbox;
using pyasync::detail::work;
using pyasync::detail::work_queue;

struct given_up final : work {
    explicit given_up(PyObject* reference) noexcept : work(nullptr), target(reference) {}
    PyObject* target;
};

// Never destroyed: references die on any thread, also while the process exits.
inbox& all_given_up() {
    static auto* const only = new inbox;
    return *only;
}

std::atomic<void (*)() noexcept> waker{nullptr};

}  // namespace

void give_up(PyObject* target) noexcept {
    if (Py_IsInitialized() == 0) return;
    if (holds_gil()) {
        detail::let_go(target);
        return;
    }
    auto* const message = new (std::nothrow) given_up(target);
    if (message == nullptr) return;  // out of memory: one object stays
    if (all_given_up().push(*message) != inbox::pushed::wake) return;
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): the list owns it
    if (auto* const wake = waker.load(std::memory_order_acquire)) wake();
}

void reclaim(python) noexcept {
    inbox& pending = all_given_up();
    if (pending.empty()) return;
    // Again, where something has come meanwhile: whoever brought it has woken nobody.
    do {
        work_queue messages = pending.take();
        while (!messages.empty()) {
            const std::unique_ptr<given_up> message(static_cast<given_up*>(&messages.pop()));
            detail::let_go(message->target);
        }
    } while (!pending.sleep());
}

bool nobody_reclaims() noexcept { return waker.load(std::memory_order_relaxed) == nullptr && !all_given_up().empty(); }

void on_given_up(void (*wake)() noexcept) noexcept { waker.store(wake, std::memory_order_release); }

}  // namespace pyasync::py::detail
