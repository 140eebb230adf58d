// framework/src/testing/time_limit.hpp: what happens to a case that does not end.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <pyasync/bridge/asyncio_inbox.hpp>
#include <pyasync/py/object.hpp>

namespace pyasync::testing::detail {

/// Watches over a case from a thread of its own, which never takes the GIL.
///
/// When the time is up, what waits for what is printed, and the asyncio thread is asked to stop the event loop. Where it
/// does not come back to its event loop, something blocks it: then its Python threads' stacks are printed from outside,
/// a signal interrupts it, and at last the process is aborted. **Thread.** Made, used and destroyed on the main thread,
/// under the GIL.
class time_limit {
public:
    struct plan {
        std::string name;                               ///< of the case, for the messages
        std::optional<std::chrono::nanoseconds> limit;  ///< none: no limit
        std::chrono::nanoseconds grace;                 ///< how long the end may take then
        bool interruptible;                             ///< may SIGALRM be sent to the main thread?
    };

    /// `loop` belongs to `inbox`; `tools` is watch.py.
    time_limit(plan how, const py::bound& loop, pyasync::detail::asyncio_inbox& inbox, const py::bound& tools);
    time_limit(const time_limit&) = delete;
    time_limit& operator=(const time_limit&) = delete;
    ~time_limit();

    /// Has the case been told to end?
    [[nodiscard]] bool struck() const;

    /// The case has ended, or has been told to: what is left to do has a limit of its own, after which the main thread
    /// is taken for blocked.
    void clean_up_begins();

private:
    class state;
    class notice;

    py::bound tools_;
    std::shared_ptr<state> state_;
    std::thread thread_;
};

}  // namespace pyasync::testing::detail
