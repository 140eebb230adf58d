// apps/echo_server/main.cpp: a TCP server in C++; what it answers to a line, a Python coroutine says.
// SPDX-License-Identifier: MIT
#include <uv.h>

#include <charconv>
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

namespace uv = pyasync::uv;
using namespace std::chrono_literals;

namespace {

/// One client: each line goes to Python, while the others are served. What goes wrong ends this connection, and no other.
pyasync::task<> serve(uv::tcp client) {
    try {
        while (auto line = co_await client.read_until("\n")) {
            if (line->ends_with('\n')) line->pop_back();
            const auto answer = co_await pyasync::call<std::string>("answers:answer", std::move(*line));
            co_await client.write(answer, "\n");
        }
    } catch (const pyasync::cancelled&) {
        throw;
    } catch (const std::exception& error) {
        const std::string_view text = error.what();  // Python's ends with its reason, behind the traceback
        fmt::print("a client is gone: {}\n", text.substr(text.rfind('\n') + 1));
    }
}

/// The next client. It stays in the kernel's queue while this process has no descriptor for it.
pyasync::task<uv::tcp> accept(uv::listener<uv::tcp>& server) {
    for (;;) {
        try {
            co_return co_await server.accept();
        } catch (const uv::error& error) {
            if (error.status() != UV_EMFILE && error.status() != UV_ENFILE) throw;
        }
        co_await uv::sleep(50ms);
    }
}

pyasync::task<> serve_all(uv::listener<uv::tcp> server) {
    co_await pyasync::with_task_group([&server](pyasync::task_group& clients) -> pyasync::task<> {
        for (;;) clients.spawn(serve(co_await accept(server)));
    });
}

/// A client of our own, to show something.
pyasync::task<> talk(uv::address to, std::string line) {
    uv::tcp connection = co_await uv::tcp::connect(to);
    co_await connection.write(line, "\n");
    co_await connection.shutdown();
    fmt::print("{} -> {}", line, co_await connection.read_all());
}

pyasync::task<> show_off() {
    auto server = co_await uv::tcp::listen({"127.0.0.1", 0});
    const uv::address here = server.local_address();
    const pyasync::future<> serving = pyasync::spawn(serve_all(std::move(server)));
    for (const char* line : {"hello", "1 + 2 + 39", "apples + pears"}) co_await talk(here, line);
}

std::optional<std::uint16_t> port_in(const std::string& text) {
    std::uint16_t port = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (failure != std::errc() || *end != '\0') return std::nullopt;
    return port;
}

pyasync::task<int> run(pyasync::arguments arguments) {
    if (arguments.size() < 2) {
        co_await show_off();
        co_return 0;
    }
    const auto port = port_in(arguments[1]);
    if (!port) {
        fmt::print(stderr, "usage: echo_server [PORT]\n");
        co_return 2;
    }
    try {
        auto server = co_await uv::tcp::listen({"::", *port});
        fmt::print("listening at {}; Ctrl-C ends it\n", server.name());
        co_await serve_all(std::move(server));
    } catch (const uv::error& error) {
        fmt::print(stderr, "echo_server: {}\n", error.what());
    }
    co_return 1;
}

}  // namespace

PYASYNC_MAIN(run)
