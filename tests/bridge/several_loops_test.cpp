// tests/bridge/several_loops_test.cpp: three libuv loops and one of asyncio's: tasks on loops of one's own choice.
// SPDX-License-Identifier: MIT
#include <array>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/on_loops.hpp"

PYASYNC_TEST_MAIN(tests::as_the_environment_wishes({.loop_threads = 3, .module_search_paths = {PYASYNC_TEST_MODULES}}))

using pyasync::call;
using pyasync::future;
using pyasync::on_asyncio;
using pyasync::spawn;
using pyasync::spawn_blocking;
using pyasync::spawn_on;
using pyasync::task;
using namespace std::chrono_literals;
namespace py = pyasync::py;
namespace this_task = pyasync::this_task;
namespace uv = pyasync::uv;

namespace {

task<> check_home(const uv::loop& home) {
    CHECK(&co_await this_task::loop() == &home);
    CHECK(home.is_current());
}

task<int> wander(const uv::loop& home) {
    co_await check_home(home);
    co_await uv::sleep(0ms);
    co_await check_home(home);
    const int answer = co_await call<int>("bridge_examples:answer");
    co_await check_home(home);
    const bool elsewhere = co_await on_asyncio([](py::python) { return uv::loop::current() == nullptr; });
    CHECK(elsewhere);
    co_await check_home(home);
    CHECK(co_await spawn_blocking([] { return uv::loop::current() == nullptr; }));
    co_await check_home(home);
    co_await spawn(uv::sleep(1ms));
    co_await check_home(home);
    future<> sleeps = co_await on_asyncio(
        [](py::python p) { return pyasync::into_future<void>(p.import("asyncio").attr("sleep")(0.001)); });
    co_await std::move(sleeps);
    co_await check_home(home);
    co_return answer;
}

task<std::string> request_id() { co_return co_await call<std::string>("bridge_examples:get_request_id"); }

task<std::string> request_id_after(std::string value) {
    co_await call("bridge_examples:set_request_id", std::move(value));
    co_return co_await request_id();
}

}  // namespace

PYASYNC_TEST_CASE("there are as many loops as were asked for, in one order, and spawn takes them in turn") {
    const auto all = uv::loops();
    REQUIRE(all.size() == 3);
    std::set<const uv::loop*> different;
    for (const uv::loop& each : all) different.insert(&each);
    CHECK(different.size() == 3);
    for (std::size_t i = 0; i < all.size(); ++i) CHECK(&uv::loops()[i].get() == &all[i].get());
    CHECK(different.contains(&co_await this_task::loop()));

    std::set<const uv::loop*> homes;
    const auto where = []() -> task<const uv::loop*> { co_return &co_await this_task::loop(); };
    for (std::size_t i = 0; i < all.size(); ++i) homes.insert(co_await spawn(where()));
    CHECK(homes == different);
}

PYASYNC_TEST_CASE("a task on a loop of one's own choice is at home there, wherever its work goes meanwhile") {
    const uv::loop& here = co_await this_task::loop();
    for (int round = 0; round < 10; ++round) {
        std::vector<future<int>> all;
        for (uv::loop& each : uv::loops()) {
            for (int i = 0; i < 3; ++i) all.push_back(spawn_on(each, wander(each)));
        }
        for (future<int>& each : all) {
            CHECK(co_await std::move(each) == 42);
            CHECK(here.is_current());
        }
    }
}

PYASYNC_TEST_CASE("what is awaited without being a coroutine can be started on a loop, too") {
    for (uv::loop& each : uv::loops()) {
        CHECK(co_await spawn_on(each, call<int>("bridge_examples:answer")) == 42);
        co_await spawn_on(each, uv::sleep(1ms));
    }
}

PYASYNC_TEST_CASE("it works on a copy of the context variables, on every loop") {
    co_await call("bridge_examples:set_request_id", "parent");
    std::vector<future<std::string>> inherit, change;
    for (uv::loop& each : uv::loops()) {
        inherit.push_back(spawn_on(each, request_id()));
        change.push_back(spawn_on(each, request_id_after("child")));
    }
    for (auto& each : change) CHECK(co_await std::move(each) == "child");
    for (auto& each : inherit) CHECK(co_await std::move(each) == "parent");
    CHECK(co_await request_id() == "parent");
}

PYASYNC_TEST_CASE("a failure and a cancellation cross from loop to loop") {
    const auto fail = []() -> task<> {
        co_await uv::sleep(0ms);
        throw std::out_of_range("too far");
    };
    const auto wait = []() -> task<> { co_await uv::sleep(1h); };
    const auto wait_in_python = []() -> task<> { co_await call("bridge_examples:wait_forever"); };
    for (uv::loop& each : uv::loops()) {
        CHECK_THROWS_AS(co_await spawn_on(each, fail()), std::out_of_range);
        future<> sleeps = spawn_on(each, wait());
        sleeps.cancel();
        CHECK_THROWS_AS(co_await std::move(sleeps), pyasync::cancelled);
        future<> calls = spawn_on(each, wait_in_python());
        calls.cancel();
        CHECK_THROWS_AS(co_await std::move(calls), pyasync::cancelled);
        {
            const future<> unwanted = spawn_on(each, wait());
        }
    }
}

PYASYNC_TEST_CASE("Python awaits C++ that goes to every loop and back") {
    const auto through_all = [](int number) -> task<int> {
        for (uv::loop& each : uv::loops()) {
            const auto step = [](const uv::loop& home, int n) -> task<int> {
                co_await check_home(home);
                co_return co_await call<int>("bridge_examples:plus", n, 1);
            };
            number = co_await spawn_on(each, step(each, number));
        }
        co_return number;
    };
    const py::object function =
        co_await on_asyncio([&](py::python p) { return py::function(p, "through_all", through_all).unbind(); });
    constexpr int count = 50;
    CHECK(co_await call<int>("bridge_examples:gather", std::cref(function), count) ==
          count * (count - 1) / 2 + 3 * count);
}

PYASYNC_TEST_CASE("a thread of the application's own starts tasks on loops of its choice") {
    const auto started = co_await spawn_blocking([] {
        std::vector<future<int>> all;
        for (uv::loop& each : uv::loops()) all.push_back(spawn_on(each, wander(each)));
        return std::make_shared<std::vector<future<int>>>(std::move(all));
    });
    for (future<int>& each : *started) CHECK(co_await std::move(each) == 42);
}

PYASYNC_TEST_CASE("the loops share an address, and each answers what comes to it") {
    using uv::address;
    using uv::udp;
    const auto open = [](address local) -> task<udp> { co_return co_await udp::bind(local, {.reuse_port = true}); };
    const auto serve = [](udp* socket) -> task<> {
        std::array<char, 10> room{};
        for (;;) {
            const uv::datagram come = co_await socket->receive_from(room);
            co_await socket->send_to(std::string_view(room.data(), come.size), come.from);
        }
    };
    std::vector<udp> sockets;
    std::vector<future<>> servers;
    sockets.reserve(uv::loops().size());
    address shared("127.0.0.1", 0);
    for (uv::loop& each : uv::loops()) {
        sockets.push_back(co_await spawn_on(each, open(shared)));
        shared = sockets.back().local_address();
        servers.push_back(spawn_on(each, serve(&sockets.back())));
    }
    for (int client = 0; client < 30; ++client) {
        udp asking = co_await udp::connect(shared);
        co_await asking.send("hello");
        std::array<char, 10> room{};
        const uv::datagram answer = co_await asking.receive(room);
        CHECK(std::string_view(room.data(), answer.size) == "hello");
    }
    for (future<>& each : servers) {
        each.cancel();
        CHECK_THROWS_AS(co_await std::move(each), pyasync::cancelled);
    }
}
