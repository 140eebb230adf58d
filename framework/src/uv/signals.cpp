// framework/src/uv/signals.cpp: signals that libuv reports, kept until somebody wants them.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/signals.hpp>

#include <uv.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/task_report.hpp>
#include <pyasync/uv/at_home.hpp>

#include "signal_claim.hpp"

namespace pyasync::uv {
namespace detail {

/// What has come, each once, and who waits. Loop thread only.
class signal_queue {
public:
    explicit signal_queue(std::vector<int> watched) : watched_(std::move(watched)) { come_.reserve(watched_.size()); }

    void push(int number) noexcept {
        if (waiter_ != nullptr) return std::exchange(waiter_, nullptr)->end(number);
        if (std::ranges::find(come_, number) == come_.end()) come_.push_back(number);  // there is room
    }
    /// 0 where there is none.
    [[nodiscard]] int pop() noexcept {
        if (come_.empty()) return 0;
        const int oldest = come_.front();
        come_.erase(come_.begin());
        return oldest;
    }

    [[nodiscard]] bool wait(signal_awaiter& waiter) noexcept {
        if (waiter_ != nullptr) return false;
        waiter_ = &waiter;
        return true;
    }
    void withdraw() noexcept { waiter_ = nullptr; }
    void close() noexcept {
        closed_ = true;
        if (waiter_ != nullptr) std::exchange(waiter_, nullptr)->end_closed();
    }
    [[nodiscard]] bool is_closed() const noexcept { return closed_; }

    [[nodiscard]] std::string description() const {
        std::string text = "uv: signal";
        for (const int number : watched_) text += " " + std::to_string(number);
        return text;
    }

private:
    std::vector<int> watched_;
    std::vector<int> come_;
    signal_awaiter* waiter_ = nullptr;
    bool closed_ = false;
};

namespace {

class signal_handle final : public handle {
public:
    signal_handle(int number, std::shared_ptr<signal_queue> queue) : claim_(number), queue_(std::move(queue)) {
        check(uv_signal_init(home().raw(), &raw_), "uv_signal_init");
        opened();
    }

    [[nodiscard]] int start() noexcept {
        return claim_.start(raw_, [](uv_signal_t* raw, int number) noexcept {
            const std::shared_ptr<signal_queue> queue =
                static_cast<signal_handle*>(static_cast<handle*>(raw->data))->queue_;
            queue->push(number);
        });
    }

private:
    [[nodiscard]] uv_handle_t* raw_handle() noexcept override { return reinterpret_cast<uv_handle_t*>(&raw_); }
    void closes() noexcept override {
        claim_.give_up(&raw_);
        queue_->close();
    }

    uv_signal_t raw_{};
    signal_claim claim_;
    std::shared_ptr<signal_queue> queue_;
};

}  // namespace

bool signal_awaiter::begin() noexcept {
    if (awaited_->is_closed()) return ended_at_once(UV_EBADF);
    const int come = awaited_->pop();
    if (come != 0) return ended_at_once(come);
    return awaited_->wait(*this) || ended_at_once(UV_EBUSY);
}

void signal_awaiter::withdraw() noexcept { awaited_->withdraw(); }

int signal_awaiter::await_resume() const {
    if (status() == UV_EBUSY) throw misuse("pyasync: two tasks wait for one stream of signals at a time");
    throw_failure();
    return status();
}

std::string signal_awaiter::subject() const { return "wait for a signal"; }

void signal_awaiter::describe(pyasync::detail::task_report& into) const { into.waits_for = awaited_->description(); }

}  // namespace detail

task<signals> signals::watch(std::vector<int> numbers) {
    if (numbers.empty()) throw std::invalid_argument("pyasync: signals::watch needs a signal");
    co_await detail::at_home();
    std::ranges::sort(numbers);
    numbers.erase(std::ranges::unique(numbers).begin(), numbers.end());
    signals made;
    made.queue_ = std::make_shared<detail::signal_queue>(numbers);
    for (const int number : numbers) {
        auto* const one = new detail::signal_handle(number, made.queue_);
        made.handles_.push_back(detail::owned<detail::handle>(one));
        if (const int status = one->start(); status < 0) throw error(status, "watch signal " + std::to_string(number));
    }
    co_return made;
}

detail::signal_operation signals::next() {
    if (handles_.empty()) throw misuse("pyasync: this stream of signals has been moved away");
    return {queue_, *handles_.front()};
}

void signals::close() {
    for (const detail::owned<detail::handle>& each : handles_) {
        if (!each->home().is_current()) throw misuse("pyasync: a stream of signals is closed on its own loop");
        each->close();
    }
}

}  // namespace pyasync::uv
