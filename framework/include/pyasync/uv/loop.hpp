// framework/include/pyasync/uv/loop.hpp: a libuv event loop on a thread of its own.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>

#include <pyasync/core/executor.hpp>
#include <pyasync/uv/buffer.hpp>

struct uv_loop_s;

namespace pyasync::uv {

namespace detail {
class open_handles;
class timer_queue;
}  // namespace detail

/// A libuv loop that runs on its own thread until it is stopped.
///
/// **Thread.** Made and destroyed on any other thread; `post` from any; everything else on the loop's own.
/// The thread runs C++ tasks and libuv's callbacks, never Python, and waits for nothing but libuv's poll.
class loop final : public pyasync::detail::executor {
public:
    /// Starts the thread. Throws `uv::error` where the system has no descriptors for it, `std::system_error` where it has
    /// no thread.
    loop();
    loop(const loop&) = delete;
    loop& operator=(const loop&) = delete;

    /// Stops it, and waits for what libuv's pool still does for it.
    ~loop();

    /// Refuses further work, stops libuv and joins the thread. Tasks that have not ended by then never continue;
    /// their coroutines are left alone. On any other thread than the loop's own; nothing where it has been stopped.
    void stop() noexcept;

    void post(pyasync::detail::work& item) noexcept override;
    void post_all(pyasync::detail::work_chain&& items) noexcept override;
    [[nodiscard]] bool is_current() const noexcept override;

    /// libuv's own handle, for handles of the user's; loop thread.
    [[nodiscard]] uv_loop_s* raw() noexcept;

    /// The loop that runs on this thread, or null.
    [[nodiscard]] static loop* current() noexcept;

    /// The loop's timers; loop thread.
    [[nodiscard]] detail::timer_queue& timers() noexcept;

    /// Its open handles, of this library's making; loop thread.
    [[nodiscard]] detail::open_handles& handles() noexcept;

    /// Room for what a callback reads and takes away at once; loop thread.
    [[nodiscard]] mutable_buffer scratch() noexcept;

    /// In a callback of libuv's, which is about to wake a task: who sends to this loop need not wake the thread any more.
    void stay_awake() noexcept;

    /// How many of libuv's requests are under way for which its end does not wait, since they may take long and need
    /// nothing of it; loop thread.
    [[nodiscard]] unsigned& late_requests() noexcept;

private:
    class state;
    std::unique_ptr<state> state_;
};

}  // namespace pyasync::uv
