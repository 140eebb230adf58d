// apps/downloader/progress_board.hpp: how far the downloads are, and how it is shown.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <pyasync/pyasync.hpp>

/// In a terminal a bar for each download, which fits the window at all times; elsewhere a line for each one that is
/// over. Both are in the order of the names, so that luck has no part in what is there in the end.
///
/// The bars are drawn anew when something has changed, the window's size for one, but at most twenty times a second.
/// Those that are over, and have nothing but such above them, are left behind for good, and scroll away.
/// Used on one loop, and so without a lock.
class progress_board {
public:
    explicit progress_board(std::vector<std::string> names);

    void begun(std::size_t which, std::optional<std::uint64_t> size);
    void received(std::size_t which, std::size_t bytes);
    void done(std::size_t which);
    void failed(std::size_t which, std::string reason);

    [[nodiscard]] bool all_over() const noexcept { return over_ == rows_.size(); }
    [[nodiscard]] bool any_failed() const noexcept { return any_failed_; }

    /// Shows it until all are over. When it is cancelled, too, it leaves the terminal as it ought to be.
    [[nodiscard]] pyasync::task<> show();

private:
    enum class state { waiting, running, done, failed };

    struct row {
        std::string name;
        state now = state::waiting;
        std::uint64_t received = 0;
        std::optional<std::uint64_t> size{};
        std::string reason{};

        [[nodiscard]] bool is_over() const noexcept { return now == state::done || now == state::failed; }
        [[nodiscard]] std::string in_words() const;
        [[nodiscard]] std::string as_bar(std::size_t width) const;
    };

    void is_over(row& which, state how);
    [[nodiscard]] pyasync::task<> draw_until_all_are_over(pyasync::uv::tty& terminal);
    [[nodiscard]] pyasync::task<> draw(pyasync::uv::tty& terminal);
    [[nodiscard]] pyasync::task<> leave(pyasync::uv::tty& terminal);
    [[nodiscard]] std::string frame(pyasync::uv::window_size window);

    std::vector<row> rows_;
    std::size_t over_ = 0;
    bool any_failed_ = false;
    std::size_t left_behind_ = 0;  ///< so many at the top are said for good
    std::size_t lines_ = 0;        ///< so many are below them
    bool draws_;
    pyasync::event changed_;
};
