// tests/support/run_on.hpp: calling a function on an executor's thread.
// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <latch>
#include <stdexcept>
#include <utility>

#include <pyasync/core/executor.hpp>

namespace pyasync::test {

/// A function that an executor calls; it must stay in place until then.
template <typename Function>
class posted_function final : public detail::work {
public:
    explicit posted_function(Function function) : work(&call), function_(std::move(function)) {}

private:
    static void call(detail::work& self, detail::delivery how) noexcept {
        static_cast<posted_function&>(self).function_(how);
    }
    Function function_;
};

/// Calls `function` on the executor's thread and waits until it has returned; throws what it throws.
template <typename Function>
void run_on(detail::executor& executor, Function function) {
    std::latch over(1);
    std::exception_ptr error;
    posted_function call([&](detail::delivery how) {
        try {
            if (how == detail::delivery::refused) throw std::runtime_error("the executor has stopped");
            function();
        } catch (...) {
            error = std::current_exception();
        }
        over.count_down();
    });
    executor.post(call);
    over.wait();
    if (error) std::rethrow_exception(error);
}

}  // namespace pyasync::test
