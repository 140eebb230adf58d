// framework/include/pyasync/core/executor.hpp: a thread that work can be sent to, as the lower floors see it.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/core/in_flight.hpp>
#include <pyasync/core/work.hpp>

namespace pyasync::detail {

/// Where a task is at home: a libuv loop thread, or a thread that runs asyncio.
class executor {
public:
    executor() = default;
    executor(const executor&) = delete;
    executor& operator=(const executor&) = delete;

    /// Hands an item over; any thread. Calls `item.handle` once: later, on the executor's thread, or at once, on this
    /// one, with `delivery::refused`, where the executor has stopped.
    virtual void post(work& item) noexcept = 0;

    /// The same for several at once, from the thread that has gathered them.
    virtual void post_all(work_chain&& items) noexcept {
        for (work_queue queue = items.take(); !queue.empty();) post(queue.pop());
    }

    /// Is this the executor's own thread?
    [[nodiscard]] virtual bool is_current() const noexcept = 0;

    /// What runs here; the executor's thread only.
    [[nodiscard]] in_flight_list& running() noexcept { return running_; }

protected:
    ~executor() = default;

private:
    in_flight_list running_;
};

}  // namespace pyasync::detail
