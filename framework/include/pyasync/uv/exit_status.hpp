// framework/include/pyasync/uv/exit_status.hpp: how a process has ended.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace pyasync::uv {

/// By itself, with a code, or by a signal.
struct exit_status {
    int code = 0;    ///< 0 where a signal has ended it
    int signal = 0;  ///< 0 where it has ended by itself

    [[nodiscard]] bool success() const noexcept { return code == 0 && signal == 0; }

    /// "exited with 1", "ended by signal 9".
    [[nodiscard]] std::string to_string() const {
        if (signal != 0) return "ended by signal " + std::to_string(signal);
        return "exited with " + std::to_string(code);
    }

    friend bool operator==(const exit_status&, const exit_status&) = default;
};

}  // namespace pyasync::uv
