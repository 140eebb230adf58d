// framework/src/uv/letter.hpp: a message to a loop thread, whose sender waits for the answer, but not for ever.
// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include <pyasync/uv/loop.hpp>
#include <pyasync/uv/timer_queue.hpp>

namespace pyasync::uv::detail {

/// It owns itself until the loop, which may be stuck, has come to it.
class letter : public pyasync::detail::work {
public:
    static void send(std::shared_ptr<letter> sent, loop& to) {
        sent->loop_ = &to;
        sent->self_ = sent;
        to.post(*sent);
    }
    [[nodiscard]] bool answered_until(clock::time_point end) {
        std::unique_lock lock(mutex_);
        return answered_.wait_until(lock, end, [this] { return over_; });
    }

protected:
    explicit letter(handler on_delivery) noexcept : work(on_delivery) {}
    virtual ~letter() = default;

    [[nodiscard]] pyasync::detail::in_flight_list& running() const noexcept { return loop_->running(); }

    /// Loop thread; the last thing that touches the letter.
    static void answer(work& self, pyasync::detail::delivery) noexcept {
        const std::shared_ptr<letter> own = std::move(static_cast<letter&>(self).self_);
        const std::lock_guard lock(own->mutex_);
        own->over_ = true;
        own->answered_.notify_all();
    }

private:
    loop* loop_ = nullptr;
    std::shared_ptr<letter> self_;
    std::mutex mutex_;
    std::condition_variable answered_;
    bool over_ = false;
};

}  // namespace pyasync::uv::detail
