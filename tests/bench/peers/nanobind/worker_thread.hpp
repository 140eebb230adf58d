// tests/bench/peers/nanobind/worker_thread.hpp: a background thread that runs what is posted to it.
// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

/// The thread of a C++ library that knows nothing of Python: a queue, a mutex and a condition variable.
///
/// Jobs run in the order in which they were posted. The destructor runs what is queued, then ends the thread; as jobs
/// may need the GIL, it must be called without it.
class worker_thread {
public:
    worker_thread() : thread_([this] { run(); }) {}

    worker_thread(const worker_thread&) = delete;
    worker_thread& operator=(const worker_thread&) = delete;

    ~worker_thread() {
        {
            std::lock_guard lock(mutex_);
            ended_ = true;
        }
        wake_.notify_one();
        thread_.join();
    }

    /// From any thread.
    void post(std::function<void()> job) {
        {
            std::lock_guard lock(mutex_);
            jobs_.push_back(std::move(job));
        }
        wake_.notify_one();
    }

private:
    void run() {
        std::unique_lock lock(mutex_);
        while (true) {
            wake_.wait(lock, [this] { return ended_ || !jobs_.empty(); });
            if (jobs_.empty()) {
                return;
            }
            std::function<void()> job = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            job();
            job = nullptr;
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> jobs_;
    bool ended_ = false;
    std::thread thread_;
};
