// tests/support/occupied_pool.hpp: libuv's thread pool, blocked and asked how far it has come.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdlib>
#include <latch>
#include <source_location>
#include <utility>
#include <vector>

#include <pyasync/uv/spawn_blocking.hpp>
#include "support/launch.hpp"

namespace pyasync::test {

template <typename Function>
auto blocking(Function function, uv::loop& home, detail::locals_ref locals = {},
              const std::source_location& where = std::source_location::current()) {
    return uv::spawn_blocking(std::move(function), home, std::move(locals), where);
}

/// As libuv reads it.
inline int pool_threads() {
    const char* const size = std::getenv("UV_THREADPOOL_SIZE");
    return size == nullptr ? 4 : std::max(1, std::atoi(size));
}

/// Keeps all threads of libuv's pool busy until it is told to let go.
class occupied_pool {
public:
    explicit occupied_pool(uv::loop& home) {
        for (int i = 0; i < pool_threads(); ++i) {
            jobs_.push_back(blocking(
                [this] {
                    busy_.count_down();
                    leave_.wait();
                },
                home));
        }
        busy_.wait();
    }
    occupied_pool(const occupied_pool&) = delete;
    occupied_pool& operator=(const occupied_pool&) = delete;
    ~occupied_pool() { let_go(); }

    void let_go() {
        if (jobs_.empty()) return;
        leave_.count_down();
        for (future<>& job : jobs_) wait_for(std::move(job));
        jobs_.clear();
    }
    [[nodiscard]] std::vector<future<>>& jobs() noexcept { return jobs_; }

private:
    std::latch busy_{pool_threads()};
    std::latch leave_{1};
    std::vector<future<>> jobs_;
};

/// Returns when the pool has begun all that had been handed to it before.
inline void wait_until_pool_has_begun(uv::loop& home) {
    wait_for(blocking([] {}, home));
}

}  // namespace pyasync::test
