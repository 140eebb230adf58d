// docs/examples/processes.cpp: processes, signals and terminals.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>

#include <pyasync/pyasync.hpp>

using namespace std::chrono_literals;

namespace uv = pyasync::uv;

namespace {

// [run]
pyasync::task<std::string> sorted(std::string lines) {
    auto sort = co_await uv::command("sort", "--reverse").environment("LC_ALL", "C").run(lines);
    if (!sort.status.success()) throw std::runtime_error("sort has " + sort.status.to_string() + ": " + sort.err);
    co_return sort.out;
}
// [/run]

// [talk]
pyasync::task<> calculate() {
    uv::command shell("sh", "-c", "while read line; do echo $(($line)); done");
    auto running = co_await shell.stdin(uv::stdio::piped()).stdout(uv::stdio::piped()).start();
    for (std::string question : {"6 * 7", "1 << 10"}) {
        co_await running.stdin().write(question, "\n");
        fmt::print("{} = {}", question, *co_await running.stdout().read_until("\n"));
    }
    running.stdin().close();
    const uv::exit_status how = co_await running.wait();
    fmt::print("the shell has {}\n", how.to_string());
}
// [/talk]

// [stop]
pyasync::task<uv::exit_status> stop(uv::process& running) {
    running.kill(SIGTERM);
    try {
        co_return co_await pyasync::timeout(5s, running.wait());
    } catch (const pyasync::timed_out&) {
        running.kill(SIGKILL);
    }
    co_return co_await running.wait();
}
// [/stop]

// [signals]
pyasync::task<> reload_when_asked() {
    auto asked = co_await uv::signals::watch(SIGHUP, SIGUSR2);
    ::kill(::getpid(), SIGHUP);  // somebody else does
    if (co_await asked.next() == SIGHUP) fmt::print("the configuration is read again\n");
}
// [/signals]

// [terminal]
pyasync::task<> until_q() {
    auto keys = co_await uv::tty::open(STDIN_FILENO);
    keys.set_mode(uv::tty_mode::raw);
    fmt::print("{} columns wide; press q\n", keys.size().columns);
    std::array<char, 1> key{};
    while (co_await keys.read_some(key) > 0 && key[0] != 'q') {
    }
}
// [/terminal]

pyasync::task<> run() {
    fmt::print("{}", co_await sorted("a\nc\nb\n"));
    co_await calculate();
    auto sleeping = co_await uv::command("sleep", "1000").start();
    fmt::print("sleep has {}\n", (co_await stop(sleeping)).to_string());
    co_await reload_when_asked();
    if (uv::is_terminal(STDIN_FILENO)) co_await until_q();
}

}  // namespace

PYASYNC_MAIN(run)
