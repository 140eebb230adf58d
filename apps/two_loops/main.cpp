// apps/two_loops/main.cpp: libuv and asyncio tick side by side; while Python blocks its own loop, C++ goes on.
// SPDX-License-Identifier: MIT
#include <fmt/chrono.h>

#include <memory>
#include <pyasync/pyasync.hpp>

#include "scoreboard.hpp"

namespace py = pyasync::py;
using namespace std::chrono_literals;

namespace {

constexpr auto length = 2s;
constexpr auto period = 20ms;
constexpr auto block_after = 750ms;
constexpr auto block_length = 500ms;

/// Shared by the tasks and by the Python functions: whichever stops last, the board is still there.
using shared_board = std::shared_ptr<scoreboard>;

/// The C++ side. It draws both, since it moves whatever Python does.
pyasync::task<> tick(shared_board board) {
    auto due = scoreboard::clock::now() + period;
    while (!board->over()) {
        co_await pyasync::uv::sleep(due - scoreboard::clock::now());
        const auto now = scoreboard::clock::now();
        board->ticked(scoreboard::libuv, now - due);
        board->draw();
        due = now + period;
    }
}

/// C++ awaits Python, over and over. A blocked asyncio keeps this task waiting, but not the loop that it runs on.
pyasync::task<> await_asyncio(shared_board board) {
    while (!board->over()) {
        co_await pyasync::call("asyncio:sleep", period);
        board->crossed(scoreboard::libuv);
    }
}

/// Python awaits these two. They run on the libuv thread, as everything does that touches the board.
pyasync::task<> asyncio_ticked(shared_board board, scoreboard::duration late) {
    board->ticked(scoreboard::asyncio, late);
    board->crossed(scoreboard::asyncio);
    co_return;
}

pyasync::task<> asyncio_blocked(shared_board board, bool now) {
    board->blocked(now);
    board->crossed(scoreboard::asyncio);
    co_return;
}

/// The Python side: hands it what it awaits, and runs it to its end.
pyasync::task<> run_asyncio_side(shared_board board) {
    // What captures the board is no coroutine but calls one: a coroutine's captures die with its lambda, its parameters
    // do not.
    auto [ticked, blocked] = co_await pyasync::on_asyncio([&board](py::python py) {
        return std::pair(
            py::function(py, "ticked", [board](scoreboard::duration late) { return asyncio_ticked(board, late); })
                .unbind(),
            py::function(py, "blocked", [board](bool now) { return asyncio_blocked(board, now); }).unbind());
    });
    co_await pyasync::call("asyncio_side:run", std::move(ticked), std::move(blocked), py::kw("period") = period,
                           py::kw("length") = length, py::kw("block_after") = block_after,
                           py::kw("block_length") = block_length);
}

pyasync::task<> run() {
    fmt::print("Two event loops, a tick every {} each. In between Python computes for {}.\n\n", period, block_length);

    const auto board = std::make_shared<scoreboard>(length);
    pyasync::future<> asyncio_side = pyasync::spawn(run_asyncio_side(board));
    pyasync::future<> crossings = pyasync::spawn(await_asyncio(board));
    co_await tick(board);
    co_await std::move(asyncio_side);
    co_await std::move(crossings);

    board->draw();
    board->print_figures();
}

}  // namespace

PYASYNC_MAIN(run)
