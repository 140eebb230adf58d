// framework/src/uv/terminal_mode.cpp: a few places that a signal's handler may look into.
// SPDX-License-Identifier: MIT
#include "terminal_mode.hpp"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <utility>

#include <pyasync/uv/tty.hpp>

namespace pyasync::uv::detail {

class kept_mode {
public:
    [[nodiscard]] bool take(int terminal) noexcept {
        int expected = nobody;
        if (!owner_.compare_exchange_strong(expected, being_made)) return false;
        terminal_ = descriptor(::fcntl(terminal, F_DUPFD_CLOEXEC, 0));
        const bool known = terminal_.number() >= 0 && ::tcgetattr(terminal_.number(), &mode_) == 0;
        owner_ = known ? ::getpid() : nobody;
        return known;
    }
    void put_back() noexcept {
        reset();
        terminal_ = descriptor();
        owner_ = nobody;
    }
    /// Nothing in a forked child; nor in the background, where a shell has the terminal, and who changes its mode is stopped.
    void reset() const noexcept {
        if (owner_ != ::getpid()) return;
        const pid_t foreground = ::tcgetpgrp(terminal_.number());
        if (foreground > 0 && foreground != ::getpgrp()) return;
        ::tcsetattr(terminal_.number(), TCSANOW, &mode_);
    }

private:
    static constexpr int nobody = 0;
    static constexpr int being_made = -1;

    std::atomic<int> owner_{nobody};  ///< the process
    descriptor terminal_;
    termios mode_{};
};

namespace {

std::array<kept_mode, 8> kept_modes;

}  // namespace

void terminal_mode::keep(int terminal) noexcept {
    static const int registered = std::atexit(&reset_terminals);
    static_cast<void>(registered);
    if (kept_ != nullptr) return;
    for (kept_mode& each : kept_modes) {
        if (!each.take(terminal)) continue;
        kept_ = &each;
        return;
    }
}

void terminal_mode::put_back() noexcept {
    if (kept_ != nullptr) std::exchange(kept_, nullptr)->put_back();
}

void reset_terminals() noexcept {
    for (const kept_mode& each : kept_modes) each.reset();
}

}  // namespace pyasync::uv::detail
