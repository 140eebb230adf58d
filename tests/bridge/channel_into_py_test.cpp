// tests/bridge/channel_into_py_test.cpp: channels between C++ tasks and Python's coroutines.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/channel_into_py.hpp>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "support/matching.hpp"
#include "support/on_loops.hpp"

using pyasync::call;
using pyasync::channel;
using pyasync::on_asyncio;
using pyasync::spawn;
using pyasync::task;
using tests::on_loops;
using namespace std::chrono_literals;
namespace py = pyasync::py;

namespace {

template <typename R = std::string, typename... Args>
auto ask(const char* name, Args&&... args) {
    return call<R>("channel_examples:" + std::string(name), std::forward<Args>(args)...);
}

task<> send_all(channel<int> to, int first, int last, bool close) {
    for (int n = first; n <= last; ++n) co_await to.send(n);
    if (close) to.close();
}

task<std::vector<int>> receive_all(channel<int> from) {
    std::vector<int> all;
    while (const auto n = co_await from.receive()) all.push_back(*n);
    co_return all;
}

std::vector<int> numbers(int first, int last) {
    std::vector<int> all(static_cast<std::size_t>(last - first + 1));
    std::iota(all.begin(), all.end(), first);
    return all;
}

task<> everything_arrives() {
    for (const std::size_t capacity : {0U, 1U, 16U, 1000U}) {
        CAPTURE(capacity);
        const channel<int> down(capacity), up(capacity);
        auto producer = spawn(send_all(down, 1, 500, true));
        CHECK(co_await ask<std::vector<int>>("collect", down) == numbers(1, 500));
        co_await std::move(producer);

        auto consumer = spawn(receive_all(up));
        CHECK(co_await ask<int>("send_all", up, 1, 500) == 500);
        up.close();
        CHECK(co_await std::move(consumer) == numbers(1, 500));
    }
}

}  // namespace

TEST_CASE("items come through in their order, either way, and the end behind them") { on_loops(everything_arrives); }

TEST_CASE("in debug mode as well") { on_loops(everything_arrives, {.debug = true}); }

PYASYNC_TEST_CASE("the end is ChannelClosed to receive, and to who sends") {
    const channel<int> down(4);
    for (int n = 1; n <= 3; ++n) CHECK(down.try_send(n));
    down.close();
    CHECK(co_await ask("receive_each", down) == "1 2 3 ChannelClosed: the channel is closed");
}

PYASYNC_TEST_CASE("what must not wait says what asyncio.Queue says") {
    CHECK(co_await ask("without_waiting", channel<int>(2)) ==
          "asyncio.queues.QueueEmpty: ; None; None; asyncio.queues.QueueFull: ; "
          "<pyasync.Channel[int], 2 of 2> 2 2 False True; 1; <pyasync.Channel[int], 1 of 2, closed>; "
          "pyasync.ChannelClosed: the channel is closed; 2; pyasync.ChannelClosed: the channel is closed; True; "
          "ChannelClosed: the channel is closed");
}

PYASYNC_TEST_CASE("an item that does not convert is told at the send, and is not sent") {
    const channel<int> down(2);
    CHECK(co_await ask("mistakes", down) ==
          "builtins.TypeError: item for the channel: expected int, got str; "
          "builtins.TypeError: item for the channel: expected int, got NoneType; "
          "RuntimeError: cannot reuse already awaited coroutine");
    CHECK(down.size() == 1);
}

PYASYNC_TEST_CASE("an item that does not convert to Python is told to who receives it") {
    const channel<std::string> texts(2);
    CHECK(texts.try_send("\xff"));
    CHECK(texts.try_send("good"));
    CHECK(co_await ask<bool>("raises_unicode_error", texts));
    CHECK(texts.try_receive() == "good");
}

PYASYNC_TEST_CASE("asyncio takes its coroutines for coroutines") {
    const std::vector expected{0, 1, 2, -1, 7};
    CHECK(co_await ask<std::vector<int>>("by_asyncio", channel<int>(0)) == expected);
    CHECK(co_await ask("never_awaited", channel<int>(1)) == "coroutine 'send' was never awaited, 0");
}

PYASYNC_TEST_CASE("objects of Python's come through as they are") {
    const channel<py::object> objects(1);
    co_await ask<py::object>("give", objects);
    CHECK(co_await ask<bool>("is_what_was_given", objects));
}

PYASYNC_TEST_CASE("cancelling who waits in Python leaves no trace in the channel") {
    const channel<int> full(1);
    CHECK(full.try_send(0));
    CHECK(co_await ask("cancel_waiting", full, true) == "CancelledError: enough");
    CHECK(full.try_receive() == 0);
    CHECK_FALSE(full.try_receive());
    CHECK(co_await ask("cancel_waiting", full, false) == "CancelledError: enough");
    CHECK(full.try_send(1));
    CHECK(full.size() == 1);
}

PYASYNC_TEST_CASE("what was given to who is cancelled before he goes on is the next item again") {
    CHECK(co_await ask("cancel_when_given", channel<int>(2)) == "CancelledError 1 2");
    CHECK(co_await ask("given_but_not_taken", channel<int>(2), "throw") == "builtins.KeyError: 'x' 1");
    CHECK(co_await ask("given_but_not_taken", channel<int>(2), "close") == "closed 1");
    CHECK(co_await ask("given_but_not_taken", channel<int>(2), "drop") == "closed 1");
    CHECK(co_await ask("dropped_waiting", channel<int>(2)) == "2");
}

PYASYNC_TEST_CASE("who always finds an item lets asyncio have its turn") {
    CHECK(co_await ask<bool>("others_have_their_turn", channel<int>(1)));
}

PYASYNC_TEST_CASE("a function of Python's may give a channel, and take one") {
    py::object make = co_await on_asyncio(
        [](py::python p) { return py::function(p, "make", [] { return channel<int>(3); }).unbind(); });
    CHECK(co_await ask<bool>("pair", std::move(make)));

    const channel<int> original(2);
    const std::string signature = co_await on_asyncio(
        [](py::python p, const channel<int>& content) {
            const auto same = [content](channel<int> given) { return given == content; };
            const py::bound function = py::function(p, "same", same);
            CHECK(function(content).to<bool>());
            CHECK_FALSE(function(channel<int>(2)).to<bool>());
            for (const py::bound& other : {p.value(1), p.value(channel<std::string>(2))}) {
                try {
                    function(other);
                    FAIL("nothing was raised");
                } catch (const py::python_error& error) {
                    CHECK(tests::has(error.what(), "expected Channel\\[int\\], got (int|Channel\\[str\\])"));
                }
            }
            return p.import("inspect").attr("signature")(function).str();
        },
        original);
    CHECK(tests::has(signature, "Channel\\[int\\]"));
}

PYASYNC_TEST_CASE("two channels make a service, with back-pressure on both") {
    const channel<int> requests(1), answers(1);
    auto service = spawn(call("channel_examples:echo", requests, answers));
    auto asking = spawn(send_all(requests, 1, 300, true));
    CHECK(co_await receive_all(answers) == numbers(2, 301));
    co_await std::move(asking);
    co_await std::move(service);
}

PYASYNC_TEST_CASE("closing wakes who waits in Python") {
    const channel<int> down(0);
    auto receiving = spawn(ask("receive_each", down));
    co_await call("asyncio:sleep", 0);
    down.close();
    CHECK(co_await std::move(receiving) == " ChannelClosed: the channel is closed");

    const channel<int> up(0);
    auto sending = spawn(call("channel_examples:send_all", up, 1, 2));
    CHECK(co_await up.receive() == 1);
    up.close();
    CHECK((co_await tests::error_of(std::move(sending))).ends_with("ChannelClosed: the channel is closed"));
}

PYASYNC_TEST_CASE("an event loop of another thread has an end, too") {
    const channel<int> down(2);
    auto other = pyasync::spawn_blocking(
        [](channel<int> from) {
            return pyasync::with_gil([&from](py::python p) {
                return p.import("channel_examples").attr("in_own_loop")(from).to<std::vector<int>>();
            });
        },
        down);
    co_await send_all(down, 1, 200, true);
    CHECK(co_await std::move(other) == numbers(1, 200));
}

PYASYNC_TEST_CASE("an event loop that there is no descriptor to wake does what need not wait") {
    auto other = pyasync::spawn_blocking([] {
        return pyasync::with_gil([](py::python p) {
            const channel<int> both(1);
            return p.import("channel_examples").attr("in_own_loop_without_descriptors")(both, 200).to<int>();
        });
    });
    CHECK(co_await std::move(other) == 200);
}

PYASYNC_TEST_CASE("a task of Python's that waits at a channel says so") {
    const channel<int> down(0);
    auto receiving = spawn(ask("receive_each", down));
    co_await call("asyncio:sleep", 0);
    CHECK(tests::has(pyasync::dump_tasks(), "an item of a channel"));
    down.close();
    co_await std::move(receiving);
}

TEST_CASE("a loop that is closed while somebody waits at a channel takes nothing out of it") {
    pyasync::with_gil([](auto p) {
        const channel<int> down(1);
        const py::bound loop = p.import("asyncio").attr("new_event_loop")();
        const py::bound held = p.value(down);
        const py::bound waiting = loop.call_method("create_task", held.call_method("receive"));
        pyasync::run_until_complete(p, loop, []() -> task<> { co_await call("asyncio:sleep", 0); }());
        loop.call_method("close");
        CHECK(down.try_send(1));
        CHECK(down.size() == 1);
        waiting.set_attr("_log_destroy_pending", p.value(false));
    });
}

TEST_CASE("without a running loop, what need not wait is done, and what has to is Python's own error") {
    pyasync::with_gil([](auto p) {
        const py::bound numbers = p.value(channel<int>(1));
        const auto step = [&](const py::bound& coroutine) -> std::string {
            try {
                coroutine.call_method("send", p.none());
                return "waits";
            } catch (const py::python_error& error) {
                return error.what();
            }
        };
        CHECK(step(numbers.call_method("send", 1)) == "StopIteration: None");
        CHECK(step(numbers.call_method("send", 2)) == "RuntimeError: no running event loop");
        CHECK(step(numbers.call_method("receive")) == "StopIteration: 1");
        CHECK(step(numbers.call_method("receive")) == "RuntimeError: no running event loop");
    });
}

PYASYNC_TEST_CASE("many on either end in both languages: nothing is lost or doubled, whoever is cancelled") {
    for (const std::size_t capacity : {0U, 1U, 8U}) {
        for (const bool cancels : {false, true}) {
            const unsigned seed = std::random_device()();
            CAPTURE(capacity);
            CAPTURE(cancels);
            INFO("seed: ", seed);
            constexpr int each = 150;
            const channel<int> all(capacity);
            std::vector<pyasync::future<std::vector<int>>> python_senders, receivers;
            std::vector<pyasync::future<>> senders;
            for (int who = 0; who < 3; ++who) {
                python_senders.push_back(
                    spawn(ask<std::vector<int>>("stress", all, who, each, cancels, seed + unsigned(who))));
                senders.push_back(spawn(send_all(all, (3 + who) * each, (4 + who) * each - 1, false)));
                receivers.push_back(
                    spawn(ask<std::vector<int>>("stress_receive", all, cancels, seed + 10 + unsigned(who))));
                receivers.push_back(spawn(receive_all(all)));
            }
            std::vector<int> sent, received;
            for (auto& sender : python_senders) {
                const std::vector<int> part = co_await std::move(sender);
                sent.insert(sent.end(), part.begin(), part.end());
            }
            for (auto& sender : senders) co_await std::move(sender);
            all.close();
            for (auto& receiver : receivers) {
                const std::vector<int> part = co_await std::move(receiver);
                received.insert(received.end(), part.begin(), part.end());
            }
            // What was cancelled may have been taken at that very moment.
            for (const int n : numbers(3 * each, 6 * each - 1)) sent.push_back(n);
            std::sort(sent.begin(), sent.end());
            std::sort(received.begin(), received.end());
            CHECK(std::adjacent_find(received.begin(), received.end()) == received.end());
            CHECK(std::includes(received.begin(), received.end(), sent.begin(), sent.end()));
            if (!cancels) CHECK(received == numbers(0, 6 * each - 1));
            CHECK(all.size() == 0);
        }
    }
}
