// apps/two_loops/scoreboard.cpp: the drawing, with a terminal's escape codes.
// SPDX-License-Identifier: MIT
#include "scoreboard.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace {

using seconds = std::chrono::duration<double>;
using milliseconds = std::chrono::duration<double, std::milli>;

constexpr int columns = 80;
constexpr std::array names = {"C++     libuv  ", "Python  asyncio"};
constexpr std::array spinner = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};

constexpr std::array colours = {"\x1b[32m", "\x1b[36m"};
constexpr const char* red = "\x1b[31m";
constexpr const char* faint = "\x1b[2m";
constexpr const char* plain = "\x1b[0m";
constexpr const char* end_of_line = "\x1b[K\n";
constexpr const char* three_lines_up = "\x1b[3A";

/// Is it a terminal, wide enough, that obeys escape codes?
bool can_draw_on(int descriptor) {
    const char* const terminal = std::getenv("TERM");
    if (isatty(descriptor) == 0 || terminal == nullptr || std::string_view(terminal) == "dumb") return false;
    winsize size{};
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && (size.ws_col == 0 || size.ws_col >= columns);
}

}  // namespace

scoreboard::scoreboard(duration length) : length_(length), live_(can_draw_on(STDOUT_FILENO)) {}

std::size_t scoreboard::present_cell() const {
    return std::min(static_cast<std::size_t>(elapsed() * cells / length_), cells - 1);
}

void scoreboard::ticked(side who, duration late) {
    one_side& its = sides_[who];
    ++its.ticks;
    if (blocked_) ++its.ticks_while_blocked;
    its.latest = std::max(its.latest, late);
    its.ticked_in[present_cell()] = true;
}

void scoreboard::blocked(bool now) {
    blocked_ = now;
    if (live_) return;
    fmt::print("{:.2f} s: {}\n", seconds(elapsed()).count(),
               now ? "Python computes, asyncio is blocked" : "asyncio goes on");
}

std::string scoreboard::line(side who) const {
    const one_side& its = sides_[who];
    const auto turn = static_cast<std::size_t>(its.ticks) % spinner.size();
    std::string text = fmt::format("{}{}  {} ", colours[who], names[who], spinner[turn]);
    for (std::size_t cell = 0; cell < cells; ++cell) {
        if (its.ticked_in[cell]) {
            text += fmt::format("{}█", colours[who]);
        } else if (cell < present_cell() || over()) {
            text += fmt::format("{}░", red);
        } else {
            text += fmt::format("{}·", faint);
        }
    }
    const bool is_blocked = blocked_ && who == asyncio;
    return text + fmt::format("{} {:>4} ticks{}{}{}", plain, its.ticks, red, is_blocked ? "  blocked" : "", plain);
}

void scoreboard::draw() {
    if (!live_) return;
    fmt::print("{}{}{}{}{}{:19}{}{}", drawn_ ? three_lines_up : "", line(libuv), end_of_line, line(asyncio),
               end_of_line, "", "0 s       0.5 s     1 s       1.5 s     2 s", end_of_line);
    drawn_ = true;
}

void scoreboard::print_figures() const {
    fmt::print("\n{:17}{:>7}   {}   {}\n", "", "ticks", "while Python computes", "latest tick");
    for (const side who : {libuv, asyncio}) {
        const one_side& its = sides_[who];
        fmt::print("{:<17}{:>7}{:>24}{:>11.1f} ms late\n", names[who], its.ticks, its.ticks_while_blocked,
                   milliseconds(its.latest).count());
    }
    fmt::print("crossings: C++ has awaited Python {} times, Python has awaited C++ {} times\n", sides_[libuv].crossings,
               sides_[asyncio].crossings);
    fmt::print("asyncio's latest tick was {} times as late as libuv's\n",
               sides_[asyncio].latest / sides_[libuv].latest);
}
