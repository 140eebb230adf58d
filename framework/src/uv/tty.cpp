// framework/src/uv/tty.cpp: libuv's terminals, each with a descriptor of its own.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/tty.hpp>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <string>
#include <utility>

#include <pyasync/uv/at_home.hpp>
#include <pyasync/uv/descriptor.hpp>

#include "terminal_mode.hpp"

namespace pyasync::uv {
namespace {

bool is_master(int terminal) noexcept {
    int number = 0;
    return ::ioctl(terminal, TIOCGPTN, &number) == 0;  // NOLINT(cppcoreguidelines-pro-type-vararg)
}

/// One that libuv may make non-blocking and close-on-exec without anybody else's having it: else Python's `print` would
/// fail, and its subprocesses have no stdout. (A master cannot be opened again; libuv leaves a copy as it is.)
detail::descriptor opened_again(int terminal) {
    if (!is_master(terminal)) {
        const int mode = ::fcntl(terminal, F_GETFL) & O_ACCMODE;
        const std::string path = "/proc/self/fd/" + std::to_string(terminal);
        detail::descriptor own(::open(path.c_str(), mode | O_NOCTTY | O_CLOEXEC));
        if (own.number() >= 0) return own;
    }
    detail::descriptor copy(::fcntl(terminal, F_DUPFD_CLOEXEC, 0));
    if (copy.number() < 0) throw error(-errno, "open a terminal");
    return copy;
}

class tty_handle final : public detail::stream_handle {
public:
    explicit tty_handle(detail::descriptor own) {
        detail::check(uv_tty_init(home().raw(), &raw_, own.number(), 0), "uv_tty_init");
        opened();
        // Where it could, libuv has opened it once more by itself.
        if (number() == own.number()) static_cast<void>(own.release());
    }

    [[nodiscard]] std::string peer() const override { return "the terminal"; }
    [[nodiscard]] uv_tty_t& raw() noexcept { return raw_; }

    [[nodiscard]] int set_mode(tty_mode mode) noexcept {
        if (mode == tty_mode::raw) mode_.keep(number());
        return uv_tty_set_mode(&raw_, mode == tty_mode::raw ? UV_TTY_MODE_RAW : UV_TTY_MODE_NORMAL);
    }

private:
    [[nodiscard]] uv_handle_t* raw_handle() noexcept override { return reinterpret_cast<uv_handle_t*>(&raw_); }
    void closes() noexcept override {
        mode_.put_back();
        stream_handle::closes();
    }
    [[nodiscard]] int number() noexcept {
        uv_os_fd_t found = -1;
        uv_fileno(raw_handle(), &found);
        return found;
    }

    uv_tty_t raw_{};
    detail::terminal_mode mode_;
};

tty_handle& as_tty(detail::stream_handle& handle) noexcept { return static_cast<tty_handle&>(handle); }

}  // namespace

bool is_terminal(int descriptor) noexcept { return ::isatty(descriptor) != 0; }

task<tty> tty::open(int descriptor) {
    co_await detail::at_home();
    if (!is_terminal(descriptor))
        throw error(-errno, "use descriptor " + std::to_string(descriptor) + " as a terminal");
    co_return tty(detail::owned<detail::stream_handle>(new tty_handle(opened_again(descriptor))));
}

void tty::set_mode(tty_mode mode) { detail::check(as_tty(handle()).set_mode(mode), "set a terminal's mode"); }

window_size tty::size() const {
    window_size found;
    detail::check(uv_tty_get_winsize(&as_tty(handle()).raw(), &found.columns, &found.rows),
                  "ask a terminal for its size");
    return found;
}

}  // namespace pyasync::uv
