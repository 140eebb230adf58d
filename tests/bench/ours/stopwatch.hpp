// tests/bench/ours/stopwatch.hpp: wall time and processor time since it was made.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/resource.h>

#include <chrono>

namespace bench {

/// Processor time of the whole process so far, in seconds.
[[nodiscard]] inline double processor_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

class stopwatch {
public:
    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    }
    [[nodiscard]] double cpu_seconds() const { return processor_seconds() - processor_; }

private:
    double processor_ = processor_seconds();
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace bench
