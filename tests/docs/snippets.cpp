// tests/docs/snippets.cpp: the C++ snippets of the documentation, in programs that compile and run.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

namespace py = pyasync::py;
using namespace std::chrono_literals;

namespace {

pyasync::task<> awaiting_python(std::string url) {
    auto body = co_await pyasync::call<std::string>("example:fetch", url, py::kw("retries") = 3);

    pyasync::future<int> f = co_await pyasync::on_asyncio([](py::python py) {
        return pyasync::into_future<int>(py.import("example").attr("answer")());
    });
    int n = co_await std::move(f);
    fmt::print("{} {}\n", body, n);
}

auto fetch(std::string url) { return pyasync::call<std::string>("example:fetch", std::move(url), 1); }

pyasync::task<> together(std::string url, std::string mirror) {
    auto [body, n] = co_await pyasync::when_all(fetch(url), pyasync::call<int>("example:answer"));
    auto first = co_await pyasync::when_any(fetch(url), fetch(mirror));    // the other one is cancelled
    std::string page = co_await pyasync::timeout(2s, fetch(url));          // or timed_out, a TimeoutError in Python

    co_await pyasync::with_task_group([&](pyasync::task_group& group) -> pyasync::task<> {
        for (std::string each : {url, mirror}) group.spawn(fetch(each));
        co_return;
    });
    fmt::print("{} {} {} {}\n", body, n, first.index() < 2, page);
}

pyasync::task<int> slow_square(int n) {
    co_await pyasync::uv::sleep(1ms);
    co_return n * n;
}

pyasync::task<> awaiting_cpp() {
    const auto make = [](py::python py) {
        py::bound square = py::function(py, "square", [](int n) { return slow_square(n); });   // task<int> slow_square(int)
        return square.unbind();
    };
    fmt::print("{}\n", co_await pyasync::call<int>("example:sum_of_squares", co_await pyasync::on_asyncio(make)));
}

pyasync::task<> consuming_a_stream() {
    pyasync::stream<int> ticks = co_await pyasync::on_asyncio([](py::python py) {
        return pyasync::into_stream<int>(py.import("example").attr("ticks")());
    });
    while (auto tick = co_await ticks.next()) fmt::print("{}\n", *tick);
}

pyasync::async_generator<int> countdown(int n) {         // given to Python: `async for n in countdown(3):`
    for (; n > 0; --n) {
        co_await pyasync::uv::sleep(10ms);
        co_yield n;
    }
}

pyasync::task<> produce(pyasync::channel<std::string> lines) {
    for (int i = 0; i < 3; ++i) co_await lines.send(fmt::format("line {}", i));      // waits while two are there
    lines.close();
}

pyasync::task<> consume() {
    pyasync::channel<std::string> lines(2);
    auto producer = pyasync::spawn(produce(lines));
    while (auto line = co_await lines.receive()) fmt::print("{}\n", *line);
    co_await std::move(producer);
}

pyasync::task<> ask_python() {
    pyasync::channel<int> requests(16), answers(16);
    auto service = pyasync::spawn(pyasync::call("example:double_all", requests, answers));
    for (int n : {1, 2, 3}) co_await requests.send(n);
    requests.close();
    while (auto answer = co_await answers.receive()) fmt::print("{}\n", *answer);
    co_await std::move(service);
}

pyasync::task<> transfer(pyasync::mutex& account, pyasync::event& open, pyasync::semaphore& clerks) {
    co_await open.wait();                              // until somebody calls open.set()
    const auto clerk = co_await clerks.acquire();      // one of so many
    const auto guard = co_await account.lock();        // nobody else, until the guard goes
    co_await pyasync::uv::sleep(1ms);
}

pyasync::task<> take_turns() {
    pyasync::mutex account;
    pyasync::event open;
    pyasync::semaphore clerks(2);
    open.set();
    co_await pyasync::when_all(transfer(account, open, clerks), transfer(account, open, clerks));
}

pyasync::task<> run() {
    co_await awaiting_python("https://localhost/");
    co_await together("https://localhost/", "https://mirror/");
    co_await awaiting_cpp();
    co_await consuming_a_stream();
    fmt::print("{}\n", co_await pyasync::call<int>("example:total", countdown(3)));
    co_await consume();
    co_await ask_python();
    co_await take_turns();
}

}  // namespace

PYASYNC_MAIN(run)
