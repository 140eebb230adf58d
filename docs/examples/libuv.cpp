// docs/examples/libuv.cpp: time, names, datagrams, and tasks on loops of one's own choice.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string_view>
#include <vector>

#include <pyasync/pyasync.hpp>

using namespace std::chrono_literals;

namespace uv = pyasync::uv;

namespace {

// [interval]
pyasync::task<> count_down() {
    uv::interval beat(20ms);
    for (int left = 3; left > 0; --left) {
        co_await beat.tick();  // at once, then every 20 ms, however long the work takes
        fmt::print("{}\n", left);
    }
}
// [/interval]

// [until]
pyasync::task<> wait_until() {
    const auto end = std::chrono::steady_clock::now() + 20ms;
    co_await uv::sleep_until(end);
    fmt::print("not too early: {}\n", std::chrono::steady_clock::now() >= end);
}
// [/until]

// [names]
pyasync::task<uv::address> find(const char* host) {
    const auto all = co_await pyasync::timeout(5s, uv::getaddrinfo(host, 5353, {.family = AF_INET}));
    co_return all.front();
}
// [/names]

// [datagrams]
pyasync::task<> echo(uv::udp socket) {
    std::array<char, 1500> room;
    for (;;) {
        const uv::datagram come = co_await socket.receive_from(room);
        co_await socket.send_to(std::string_view(room.data(), come.size), come.from);
    }
}

pyasync::task<> talk() {
    auto listening = co_await uv::udp::bind(uv::address("127.0.0.1", 0));
    auto client = co_await uv::udp::connect(listening.local_address());
    uv::loop& here = co_await pyasync::this_task::loop();
    const auto server = pyasync::spawn_on(here, echo(std::move(listening)));

    co_await client.send("is anybody there?");
    std::array<char, 1500> room;
    const uv::datagram answer = co_await client.receive(room);
    fmt::print("{}\n", std::string_view(room.data(), answer.size));
}
// [/datagrams]

// [loops]
pyasync::task<bool> serve(const uv::loop& here) {
    co_await pyasync::call("asyncio:sleep", 0.01);  // on asyncio's thread, and back
    co_return here.is_current();
}

pyasync::task<> on_every_loop() {
    std::vector<pyasync::future<bool>> servers;
    for (uv::loop& each : uv::loops()) servers.push_back(pyasync::spawn_on(each, serve(each)));
    for (auto& each : servers) fmt::print("at home: {}\n", co_await std::move(each));
}
// [/loops]

pyasync::task<> run() {
    co_await count_down();
    co_await wait_until();
    const uv::address found = co_await find("127.0.0.1");
    fmt::print("{}\n", found.to_string());
    co_await talk();
    co_await on_every_loop();
}

}  // namespace

PYASYNC_MAIN(run, {.loop_threads = 2})
