// apps/downloader/progress_board.cpp: the drawing, with a terminal's escape codes.
// SPDX-License-Identifier: MIT
#include "progress_board.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string_view>

namespace uv = pyasync::uv;
using namespace std::chrono_literals;

namespace {

constexpr auto at_least_between_drawings = 50ms;
constexpr std::size_t narrowest_with_bars = 20;
constexpr std::size_t narrowest_with_amounts = 50;
constexpr std::size_t longest_bar = 40;

constexpr const char* hide_cursor = "\x1b[?25l";
constexpr const char* show_cursor = "\x1b[?25h";
constexpr const char* end_of_line = "\x1b[K\r\n";
constexpr const char* clear_below = "\x1b[J";

/// A terminal that obeys escape codes?
bool can_draw_on(int descriptor) {
    const char* const terminal = std::getenv("TERM");
    return uv::is_terminal(descriptor) && terminal != nullptr && std::string_view(terminal) != "dumb";
}

/// What others have sent must not steer the terminal; and then a byte is a column.
std::string harmless(std::string text) {
    std::ranges::replace_if(text, [](char letter) { return letter < ' ' || letter > '~'; }, '?');
    return text;
}

std::string in_short(std::uint64_t bytes) {
    constexpr std::array units = {"KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024) return fmt::format("{} B", bytes);
    auto value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    for (; value >= 999.95 && unit + 1 < units.size(); ++unit) value /= 1024;
    return fmt::format("{:.1f} {}", value, units[unit]);
}

/// As wide as that, and no wider.
std::string fitted(std::string_view text, std::size_t width) {
    if (text.size() <= width) return fmt::format("{:<{}}", text, width);
    return fmt::format("{}~", text.substr(0, width - 1));
}

}  // namespace

progress_board::progress_board(std::vector<std::string> names) : draws_(can_draw_on(STDOUT_FILENO)) {
    for (std::string& name : names) rows_.push_back(row{harmless(std::move(name))});
}

void progress_board::begun(std::size_t which, std::optional<std::uint64_t> size) {
    rows_[which].now = state::running;
    rows_[which].size = size;
    changed_.set();
}

void progress_board::received(std::size_t which, std::size_t bytes) {
    rows_[which].received += bytes;
    changed_.set();
}

void progress_board::done(std::size_t which) {
    rows_[which].size = rows_[which].received;
    is_over(rows_[which], state::done);
}

void progress_board::failed(std::size_t which, std::string reason) {
    rows_[which].reason = harmless(std::move(reason));
    any_failed_ = true;
    is_over(rows_[which], state::failed);
}

void progress_board::is_over(row& which, state how) {
    which.now = how;
    ++over_;
    changed_.set();
}

std::string progress_board::row::in_words() const {
    switch (now) {
        case state::waiting:
            return fmt::format("{}: waits", name);
        case state::running:
            return fmt::format("{}: {}", name, in_short(received));
        case state::failed:
            return fmt::format("{}: failed: {}", name, reason);
        default:
            return fmt::format("{}: {} bytes", name, received);
    }
}

/// The name, the bar, the per cent, and how much has come; what there is no room for is left out, from the end. Without
/// a known size there is no bar, either.
std::string progress_board::row::as_bar(std::size_t width) const {
    const std::uint64_t whole = size.value_or(0);
    if (now == state::failed || (now == state::running && !size)) return in_words().substr(0, width);

    const double part = whole > 0 ? static_cast<double>(received) / static_cast<double>(whole) : now == state::done;
    const std::string per_cent = now == state::waiting ? "waits" : fmt::format("{}%", static_cast<int>(part * 100));
    if (width < narrowest_with_bars) {
        const std::size_t rest = per_cent.size() + 1;
        if (width <= rest + 1) return per_cent.substr(0, width);
        return fmt::format("{} {}", fitted(name, width - rest), per_cent);
    }
    const bool tells_amount = width >= narrowest_with_amounts;
    const std::string come = now == state::waiting ? "" : in_short(received);
    const std::string amount = tells_amount ? fmt::format("{:>12}", come) : "";
    const std::size_t name_width = std::min<std::size_t>(width / 3, 24);
    const std::size_t taken = name_width + amount.size() + 9;  // " [", "] ", and five for the per cent
    const std::size_t bar_width = std::min(width - taken, longest_bar);
    const auto filled = static_cast<std::size_t>(part * static_cast<double>(bar_width));
    return fmt::format("{} [{:#<{}}{:-<{}}] {:>5}{}", fitted(name, name_width), "", filled, "", bar_width - filled,
                       per_cent, amount);
}

/// The cursor stays at the beginning of the first bar. Many a terminal breaks lines anew when its window gets narrower,
/// and it takes the cursor along; so nobody has to know how many lines the bars have become.
std::string progress_board::frame(uv::window_size window) {
    const std::size_t columns = window.columns > 0 ? static_cast<std::size_t>(window.columns) : 80;
    // One column stays free: a full line leaves the cursor in a place that terminals do not agree on.
    const std::size_t width = std::max<std::size_t>(columns, 2) - 1;
    const std::size_t room = window.rows > 0 ? std::max<std::size_t>(static_cast<std::size_t>(window.rows), 2) - 1 : 23;

    std::string text = "\r";
    for (; left_behind_ < rows_.size() && rows_[left_behind_].is_over(); ++left_behind_) {
        const row& last_time = rows_[left_behind_];
        if (last_time.now == state::done) {
            text += last_time.as_bar(width) + end_of_line;
        } else {  // of a reason nothing is left out
            const std::string words = last_time.in_words();
            for (std::size_t at = 0; at < words.size(); at += width) text += words.substr(at, width) + end_of_line;
        }
    }

    const std::size_t left = rows_.size() - left_behind_;
    lines_ = std::min(left, room);
    for (std::size_t line = 0; line < lines_; ++line) {
        const bool too_many = line + 1 == lines_ && left > lines_;
        if (line > 0) text += end_of_line;
        text += too_many ? fmt::format("and {} more", left - line).substr(0, width)
                         : rows_[left_behind_ + line].as_bar(width);
    }
    text += lines_ > 0 ? fmt::format("\x1b[K{}\r", clear_below) : clear_below;
    if (lines_ > 1) text += fmt::format("\x1b[{}A", lines_ - 1);
    return text;
}

pyasync::task<> progress_board::draw(uv::tty& terminal) {
    changed_.clear();
    const std::string text = frame(terminal.size());
    co_await terminal.write(text);
}

pyasync::task<> progress_board::draw_until_all_are_over(uv::tty& terminal) {
    auto resized = co_await uv::signals::watch(SIGWINCH);
    co_await terminal.write(hide_cursor);
    for (;;) {
        co_await draw(terminal);
        if (all_over()) co_return;
        co_await uv::sleep(at_least_between_drawings);
        co_await pyasync::when_any(changed_.wait(), resized.next());
    }
}

/// Below the bars, where the next program goes on.
pyasync::task<> progress_board::leave(uv::tty& terminal) {
    std::string text = lines_ > 1 ? fmt::format("\x1b[{}B", lines_ - 1) : "";
    if (lines_ > 0) text += "\r\n";
    co_await terminal.write(text, show_cursor);
}

pyasync::task<> progress_board::show() {
    if (draws_) {
        uv::tty terminal = co_await uv::tty::open(STDOUT_FILENO);
        co_await pyasync::finally(draw_until_all_are_over(terminal), [this, &terminal] { return leave(terminal); });
        co_return;
    }
    for (;;) {
        for (; left_behind_ < rows_.size() && rows_[left_behind_].is_over(); ++left_behind_) {
            fmt::print("{}\n", rows_[left_behind_].in_words());
        }
        if (all_over()) co_return;
        co_await changed_.wait();
        changed_.clear();
    }
}
