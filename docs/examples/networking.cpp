// docs/examples/networking.cpp: one room for many connections, and how much a write that was given up has sent.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include <pyasync/pyasync.hpp>

using namespace std::chrono_literals;

namespace uv = pyasync::uv;

namespace {

// [share]
pyasync::task<> echo(uv::tcp peer) {
    static thread_local std::array<char, 65536> room;  // of all connections of this loop
    while (const std::size_t size = co_await peer.read_some(room)) {
        const std::string_view come(room.data(), size);
        const std::string rest(come.substr(peer.try_write(come)));
        if (!rest.empty()) co_await peer.write(rest);
    }
}
// [/share]

// [count]
pyasync::task<> send(uv::tcp& to, const std::string& content, std::size_t& sent) {
    try {
        co_await to.write(content);
        sent = content.size();
    } catch (const uv::write_cancelled& when) {
        sent = when.written;
        throw;
    }
}

pyasync::task<std::size_t> send_for_a_while(uv::tcp& to, const std::string& content) {
    std::size_t sent = 0;
    try {
        co_await pyasync::timeout(10ms, send(to, content, sent));
    } catch (const pyasync::timed_out&) {
        fmt::print("it takes too long\n");
    }
    co_return sent;
}
// [/count]

pyasync::task<> run() {
    auto server = co_await uv::tcp::listen({"127.0.0.1", 0});
    auto client = co_await uv::tcp::connect(server.local_address());
    const std::string much(50'000'000, '.');
    const std::size_t sent = co_await send_for_a_while(client, much);
    fmt::print("{} of it has gone out\n", sent == much.size() ? "all" : "a part");

    auto ignored = co_await server.accept();
    auto other = co_await uv::tcp::connect(server.local_address());
    const pyasync::future<> echoing = pyasync::spawn(echo(co_await server.accept()));
    co_await other.write("hello\n");
    fmt::print("{}", *co_await other.read_until("\n"));
}

}  // namespace

PYASYNC_MAIN(run)
