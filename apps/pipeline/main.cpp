// apps/pipeline/main.cpp: processes, C++ tasks and a Python coroutine hand lines to one another through channels.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

namespace uv = pyasync::uv;

namespace {

using lines = pyasync::channel<std::string>;

/// Few: a stage that is slow holds up those before it, and in the end the first process.
constexpr std::size_t most_between_two = 4;

pyasync::task<> feed(lines from, uv::pipe& into) {
    while (auto line = co_await from.receive()) co_await into.write(*line, "\n");
    into.close();
}

pyasync::task<> drain(uv::pipe& from, lines into) {
    while (auto line = co_await from.read_until("\n")) {
        if (line->ends_with('\n')) line->pop_back();
        co_await into.send(*std::move(line));
    }
}

pyasync::task<> expect_success(uv::process& process, std::string what) {
    const uv::exit_status how = co_await process.wait();
    if (!how.success()) throw std::runtime_error(what + " has " + how.to_string());
}

/// The first stage: what a process prints.
pyasync::task<> print(uv::command command, lines out) {
    uv::process process = co_await command.stdin(uv::stdio::null()).stdout(uv::stdio::piped()).start();
    co_await drain(process.stdout(), out);
    co_await expect_success(process, "the first process");
    out.close();
}

/// A process in the middle. It reads and prints at its own pace, and so it is fed and drained at the same time.
pyasync::task<> filter(uv::command command, lines in, lines out) {
    uv::process process = co_await command.stdin(uv::stdio::piped()).stdout(uv::stdio::piped()).start();
    co_await pyasync::when_all(feed(in, process.stdin()), drain(process.stdout(), out));
    co_await expect_success(process, "a filter");
}

pyasync::task<> filter_and_close(uv::command command, lines in, lines out) {
    co_await filter(std::move(command), std::move(in), out);
    out.close();
}

/// Several of the same side by side: each takes the next line when it has room.
pyasync::task<> filter_by_workers(uv::command command, int workers, lines in, lines out) {
    co_await pyasync::with_task_group([&](pyasync::task_group& group) -> pyasync::task<> {
        for (int i = 0; i < workers; ++i) group.spawn(filter(command, in, out));
        co_return;
    });
    out.close();
}

/// The last stage.
pyasync::task<> show(lines from, int most) {
    for (int shown = 0; auto line = co_await from.receive();) {
        if (shown++ < most) fmt::print("{}\n", *line);
    }
}

pyasync::task<> run() {
    const auto in_order = [](auto... arguments) {
        return uv::command("sort", arguments...).environment("LC_ALL", "C");
    };
    const lines text(most_between_two), small(most_between_two), words(most_between_two), interesting(most_between_two),
        sorted(most_between_two), counted(most_between_two), ranked(most_between_two);

    fmt::print("The words that the Zen of Python uses most:\n");
    // Where one of them fails, the others are cancelled, and their processes are killed.
    co_await pyasync::when_all(print(uv::command("python3", "-c", "import this"), text),
                               filter_by_workers(uv::command("tr", "A-Z", "a-z"), 3, text, small),
                               filter_and_close(uv::command("tr", "-cs", "a-z", "\\n"), small, words),
                               pyasync::call<void>("interest:keep_interesting", words, interesting),
                               filter_and_close(in_order(), interesting, sorted),
                               filter_and_close(uv::command("uniq", "-c"), sorted, counted),
                               filter_and_close(in_order("-k1,1nr", "-k2"), counted, ranked), show(ranked, 5));
}

}  // namespace

PYASYNC_MAIN(run)
