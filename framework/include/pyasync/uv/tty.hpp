// framework/include/pyasync/uv/tty.hpp: terminals as streams.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/core/task.hpp>
#include <pyasync/uv/stream.hpp>

namespace pyasync::uv {

/// Is there a terminal behind this descriptor? Any thread.
[[nodiscard]] bool is_terminal(int descriptor) noexcept;

/// How a terminal hands over what is typed.
enum class tty_mode {
    normal,  ///< by lines, with echo; Ctrl-C is a signal
    raw,     ///< each key at once, without echo; Ctrl-C is a character
};

struct window_size {
    int columns = 0;
    int rows = 0;

    friend bool operator==(const window_size&, const window_size&) = default;
};

/// A terminal: what it can do, `stream` says.
///
///     auto keys = co_await pyasync::uv::tty::open(STDIN_FILENO);
///     keys.set_mode(pyasync::uv::tty_mode::raw);
///     std::array<char, 16> key;
///     while (const std::size_t size = co_await keys.read_some(key)) act_on(std::string_view(key.data(), size));
///
/// When the window changes its size, the program gets SIGWINCH:
///
///     auto resized = co_await pyasync::uv::signals::watch(SIGWINCH);
///     for (;;) {
///         draw(screen.size());
///         co_await resized.next();
///     }
///
/// **Ownership.** It opens the terminal once more: the descriptor stays as it is, blocking too, and is the caller's. The
/// mode is put back when this goes, and where the program ends before, also by a second Ctrl-C, but not by SIGKILL or a crash.
/// **Errors.** Where a terminal hangs up, reading is at its end, and writing fails with `UV_EIO`.
class tty final : public stream {
public:
    /// The terminal that this descriptor is of, `STDIN_FILENO` for one. Throws `uv::error` (`ENOTTY`) where it is none.
    [[nodiscard]] static task<tty> open(int descriptor);

    void set_mode(tty_mode mode);
    [[nodiscard]] window_size size() const;

private:
    using stream::stream;
};

namespace detail {

/// The program ends: all terminals get back the modes that they had. Any thread, and a signal's handler.
void reset_terminals() noexcept;

}  // namespace detail
}  // namespace pyasync::uv
