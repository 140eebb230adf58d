// framework/src/bridge/dropped_exits.cpp: carries it to the event loop.
// SPDX-License-Identifier: MIT
#include "dropped_exits.hpp"

#include <exception>
#include <memory>
#include <new>
#include <source_location>
#include <utility>

#include <pyasync/bridge/asyncio_inbox.hpp>
#include <pyasync/bridge/task_locals.hpp>
#include <pyasync/core/unretrieved.hpp>
#include <pyasync/core/work.hpp>
#include <pyasync/py/error.hpp>

namespace pyasync::detail {
namespace {

bool is_exit(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const py::python_error& raised) {
        return raised.matches("SystemExit") || raised.matches("KeyboardInterrupt");
    } catch (...) {
        return false;
    }
}

class exit_message final : public work {
public:
    exit_message(ref<asyncio_inbox> inbox, std::exception_ptr error) noexcept
        : work(&arrive), inbox_(std::move(inbox)), error_(std::move(error)) {}

private:
    static void arrive(work& self, delivery how) noexcept {
        const std::unique_ptr<exit_message> message(static_cast<exit_message*>(&self));
        if (how == delivery::refused) return;
        const py::python py = py::detail::token_maker::make();
        py::detail::set_raised_from(py, message->error_);
        message->inbox_->raise_through(py);
    }

    const ref<asyncio_inbox> inbox_;
    const std::exception_ptr error_;
};

void raise_exit(const std::source_location&, const task_locals_base* carried, std::exception_ptr error) noexcept {
    if (carried == nullptr || !is_exit(error)) return;
    asyncio_inbox& inbox = static_cast<const task_locals_state*>(carried)->inbox();
    auto* const message = new (std::nothrow) exit_message(ref<asyncio_inbox>::share(&inbox), std::move(error));
    if (message != nullptr) inbox.post(*message);
}

}  // namespace

void watch_dropped_exits() noexcept {
    unretrieved_observer nobody = nullptr;
    observer_of_unretrieved.compare_exchange_strong(nobody, &raise_exit);  // a test's own hears of everything
}

}  // namespace pyasync::detail
