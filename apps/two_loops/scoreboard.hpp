// apps/two_loops/scoreboard.hpp: what has happened on the two loops, and how it is shown.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <string>

/// Counts the ticks of both sides. In a terminal it draws them as two live lines, a piece of time a cell; elsewhere it
/// prints a plain line where something happens. Used on the libuv thread only, and so without a lock.
class scoreboard {
public:
    using clock = std::chrono::steady_clock;
    using duration = clock::duration;

    enum side : std::size_t { libuv, asyncio };

    explicit scoreboard(duration length);

    /// The time is over.
    [[nodiscard]] bool over() const { return elapsed() >= length_; }

    void ticked(side who, duration late);

    /// Python has begun to compute, or has ended.
    void blocked(bool now);

    /// `from` has awaited something on the other side.
    void crossed(side from) { ++sides_[from].crossings; }

    /// The live lines; nothing where there is no terminal.
    void draw();

    /// The figures, at the end.
    void print_figures() const;

private:
    static constexpr std::size_t cells = 40;

    struct one_side {
        int ticks = 0;
        int ticks_while_blocked = 0;
        int crossings = 0;
        duration latest{};
        std::array<bool, cells> ticked_in{};
    };

    [[nodiscard]] duration elapsed() const { return clock::now() - start_; }
    [[nodiscard]] std::size_t present_cell() const;
    [[nodiscard]] std::string line(side who) const;

    duration length_;
    clock::time_point start_ = clock::now();
    bool live_;
    bool drawn_ = false;
    bool blocked_ = false;
    std::array<one_side, 2> sides_;
};
