// framework/include/pyasync/uv/task_inquiry.hpp: asking all libuv loops what they are at.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <pyasync/core/in_flight.hpp>
#include <pyasync/core/task_report.hpp>
#include <pyasync/uv/loop.hpp>
#include <pyasync/uv/timer_queue.hpp>

namespace pyasync::uv {

/// The tasks and the blocking functions of all loops that run, each described by its own loop, between two steps: so
/// nothing is read while it changes. The loops tell of different moments; whoever answers has done what had been sent
/// to it before.
///
/// **Thread.** Any. The constructor asks them, and describes what runs on this very thread, if that is a loop's;
/// `answers` waits for the others. **Errors.** `std::bad_alloc`. **Destruction.** What has not been answered is
/// answered to nobody.
class task_inquiry {
public:
    /// Which of them are meant; none: all. It is called on the loops' threads, maybe after the inquiry is gone.
    using filter = std::function<bool(const pyasync::detail::in_flight&)>;

    explicit task_inquiry(const filter& meant = {});
    task_inquiry(const task_inquiry&) = delete;
    task_inquiry& operator=(const task_inquiry&) = delete;
    ~task_inquiry();

    /// In the order of the loops, the oldest task first; nothing for a loop that has not answered by then, since
    /// something blocks its thread. Once.
    using reports = std::optional<std::vector<pyasync::detail::task_report>>;
    [[nodiscard]] std::vector<reports> answers(detail::clock::time_point end);

private:
    class question;
    std::vector<std::shared_ptr<question>> asked_;
};

}  // namespace pyasync::uv
