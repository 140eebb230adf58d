// framework/include/pyasync/uv/loop_pool.hpp: the process's libuv loops.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <source_location>
#include <span>
#include <vector>

#include <pyasync/uv/loop.hpp>

namespace pyasync::uv {

/// The libuv loops of the process: started at first use, stopped once.
///
/// **Thread.** Any. **Errors.** What needs a loop after `stop`, or in a forked child (which has inherited the memory
/// but not the threads), throws `std::runtime_error`.
class loop_pool {
public:
    /// The one pool.
    [[nodiscard]] static loop_pool& instance();

    /// How many loops to run, 1 to 1024. Before first use; later it has an effect only where the number is the same
    /// (`std::invalid_argument` where it is out of range, `std::logic_error` where the loops run already).
    void configure(std::size_t threads);

    /// The loop whose turn it is: tasks are spread over all of them.
    [[nodiscard]] loop& next();

    /// All of them, always in the same order; they run from now on.
    [[nodiscard]] std::span<const std::reference_wrapper<loop>> all();

    /// This one, for something to be started there.
    [[nodiscard]] loop& chosen(loop& one);

    /// All loops that run; none before first use.
    [[nodiscard]] std::vector<loop*> running() const;

    /// Where the tasks and blocking functions were started that run now; not from a loop thread. A loop that does not
    /// answer soon, since something blocks its thread, is an empty location.
    [[nodiscard]] std::vector<std::source_location> in_flight() const;

    /// Takes no more work, but from what runs and cleans up; cancels the tasks that run, waits for `limit` at most
    /// until they have ended, then stops the loops and joins their threads. Returns where the tasks were spawned that
    /// had not ended (empty: all did); where some remain, the threads are left running, since one of them may never
    /// come back. Not from a loop thread.
    [[nodiscard]] std::vector<std::source_location> stop(std::chrono::milliseconds limit);

    ~loop_pool() = delete;

private:
    loop_pool() = default;
    class state;
    [[nodiscard]] static state& shared();
};

/// The libuv loops of this process, as many as `options::loop_threads` says, always in the same order; they run from
/// now on. For `spawn_on`, where `spawn` would choose.
///
///     for (pyasync::uv::loop& each : pyasync::uv::loops()) servers.push_back(pyasync::spawn_on(each, serve(address)));
///
/// **Thread.** Any. **Errors.** `misuse` where the loops have stopped, or in a forked child. **Ownership.** They are the
/// library's, and stay in memory until the process ends.
[[nodiscard]] inline std::span<const std::reference_wrapper<loop>> loops() { return loop_pool::instance().all(); }

}  // namespace pyasync::uv
