// tests/core/channel_test.cpp: channels: order, bounds, closing, cancelling, many on either end.
// SPDX-License-Identifier: MIT
#include <pyasync/core/channel.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/task.hpp>
#include <pyasync/core/when_any.hpp>
#include "support/counted.hpp"
#include "support/executor_threads.hpp"
#include "support/launch.hpp"
#include "support/manual_operation.hpp"

namespace pyasync {
namespace {

using test::census;
using test::counted;
using test::launch;
using test::manual_executor;
using test::manual_operation;
using test::outcome_of;
using test::run;

task<> send(channel<int> to, int n) { co_await to.send(n); }

/// Sends them one after the other, and counts those that are sent.
task<> send_all(channel<int> to, int first, int last, int& sent) {
    for (int n = first; n <= last; ++n) {
        co_await to.send(n);
        ++sent;
    }
}

task<std::optional<int>> receive(channel<int> from) { co_return co_await from.receive(); }

task<std::vector<int>> receive_all(channel<int> from) {
    std::vector<int> all;
    while (const auto n = co_await from.receive()) all.push_back(*n);
    co_return all;
}

std::vector<int> numbers_to(int last) {
    std::vector<int> all;
    for (int n = 1; n <= last; ++n) all.push_back(n);
    return all;
}

TEST_CASE("what is sent is received in its order, and no more is kept than there is room for") {
    for (const std::size_t capacity : {0U, 1U, 2U, 7U, 1000U}) {
        CAPTURE(capacity);
        manual_executor home;
        const channel<int> numbers(capacity);
        int sent = 0;
        future<> producer = launch(send_all(numbers, 1, 500, sent), home);
        home.run_all();
        CHECK(sent == std::min<int>(500, static_cast<int>(capacity)));
        CHECK(numbers.size() == std::min<std::size_t>(500, capacity));
        future<std::vector<int>> consumer = launch(receive_all(numbers), home);
        home.run_all();
        CHECK(sent == 500);
        CHECK_FALSE(consumer.done());
        numbers.close();
        home.run_all();
        CHECK(outcome_of(std::move(consumer)) == numbers_to(500));
        outcome_of(std::move(producer));
    }
}

TEST_CASE("all copies of a handle are one channel") {
    const channel<int> one(3);
    const channel<int> same(one);
    CHECK(one == same);
    CHECK(one != channel<int>(3));
    CHECK(one.capacity() == 3);
    CHECK(same.try_send(4));
    CHECK(one.size() == 1);
    CHECK(one.try_receive() == 4);
    same.close();
    CHECK(one.is_closed());
}

TEST_CASE("a handle that has been moved away says so") {
    channel<int> gone(1);
    const channel<int> kept = std::move(gone);
    CHECK_THROWS_AS(static_cast<void>(gone.send(1)), misuse);
    CHECK_THROWS_AS(static_cast<void>(gone.receive()), misuse);
    CHECK_THROWS_AS(static_cast<void>(gone.try_send(1)), misuse);
    CHECK_THROWS_AS(static_cast<void>(gone.try_receive()), misuse);
    CHECK_THROWS_AS(static_cast<void>(gone.is_closed()), misuse);
    CHECK_THROWS_AS(static_cast<void>(gone.size()), misuse);
    CHECK_THROWS_AS(static_cast<void>(gone.capacity()), misuse);
    CHECK_THROWS_WITH_AS(gone.close(), "pyasync: this channel has been moved away", misuse);
    CHECK(gone != kept);
    gone = kept;
    CHECK(gone.try_send(1));
    CHECK(kept.try_receive() == 1);
}

TEST_CASE("who need not wait does not") {
    manual_executor home;
    const channel<int> numbers(2);
    const auto body = [&]() -> task<int> {
        co_await numbers.send(1);
        co_await numbers.send(2);
        const int first = (co_await numbers.receive()).value();
        co_return 10 * first + (co_await numbers.receive()).value();
    };
    future<int> running = launch(body(), home);
    REQUIRE(home.run_one());
    CHECK(running.done());
    CHECK(outcome_of(std::move(running)) == 12);
}

TEST_CASE("trying does not wait, and leaves alone what it does not send") {
    const channel<std::unique_ptr<int>> owners(1);
    CHECK_FALSE(owners.try_receive());
    auto first = std::make_unique<int>(1);
    auto second = std::make_unique<int>(2);
    CHECK(owners.try_send(std::move(first)));
    CHECK_FALSE(owners.try_send(std::move(second)));
    REQUIRE(second);
    CHECK(*owners.try_receive().value() == 1);
    CHECK(owners.try_send(std::move(second)));
    owners.close();
    CHECK_THROWS_AS(static_cast<void>(owners.try_send(std::make_unique<int>(3))), channel_closed);
    CHECK(*owners.try_receive().value() == 2);
    CHECK_FALSE(owners.try_receive());
}

TEST_CASE("without room, trying meets only who waits on the other side") {
    manual_executor home;
    const channel<int> meeting(0);
    CHECK_FALSE(meeting.try_send(1));
    future<std::optional<int>> receiver = launch(receive(meeting), home);
    home.run_all();
    CHECK(meeting.try_send(2));
    CHECK_FALSE(meeting.try_send(3));
    home.run_all();
    CHECK(outcome_of(std::move(receiver)) == 2);
    future<> sender = launch(send(meeting, 4), home);
    home.run_all();
    CHECK_FALSE(sender.done());
    CHECK(meeting.try_receive() == 4);
    CHECK_FALSE(meeting.try_receive());
    home.run_all();
    outcome_of(std::move(sender));
}

TEST_CASE("who comes first is served first, on either end") {
    manual_executor home;
    const channel<int> numbers(0);
    std::vector<future<std::optional<int>>> receivers;
    for (int i = 0; i < 4; ++i) receivers.push_back(launch(receive(numbers), home));
    home.run_all();
    for (int n = 1; n <= 4; ++n) CHECK(numbers.try_send(n));
    home.run_all();
    for (int n = 1; n <= 4; ++n) CHECK(outcome_of(std::move(receivers[static_cast<std::size_t>(n - 1)])) == n);

    std::vector<future<>> senders;
    for (int n = 1; n <= 4; ++n) senders.push_back(launch(send(numbers, n), home));
    home.run_all();
    for (int n = 1; n <= 4; ++n) CHECK(numbers.try_receive() == n);
    home.run_all();
    for (future<>& each : senders) outcome_of(std::move(each));
}

TEST_CASE("a sender that has waited is not overtaken by one that has not") {
    manual_executor home;
    const channel<int> numbers(1);
    CHECK(numbers.try_send(1));
    future<> sender = launch(send(numbers, 2), home);
    home.run_all();
    CHECK(numbers.try_receive() == 1);
    CHECK_FALSE(numbers.try_send(3));
    CHECK(numbers.try_receive() == 2);
    home.run_all();
    outcome_of(std::move(sender));
}

TEST_CASE("when it is closed, what is there is received, and who waits is told") {
    manual_executor home;
    const channel<int> numbers(2);
    int sent = 0;
    future<> producer = launch(send_all(numbers, 1, 3, sent), home);
    home.run_all();
    CHECK(sent == 2);
    numbers.close();
    numbers.close();
    home.run_all();
    CHECK(sent == 2);
    CHECK_THROWS_WITH_AS(outcome_of(std::move(producer)), "the channel is closed", channel_closed);
    CHECK_THROWS_AS(run(home, send(numbers, 4)), channel_closed);
    CHECK(run(home, receive_all(numbers)) == numbers_to(2));
    CHECK_FALSE(run(home, receive(numbers)));
}

TEST_CASE("who waits for an item is told of the end, all of them") {
    manual_executor home;
    const channel<int> numbers(2);
    future<std::optional<int>> first = launch(receive(numbers), home);
    future<std::optional<int>> second = launch(receive(numbers), home);
    home.run_all();
    CHECK(numbers.try_send(1));
    numbers.close();
    home.run_all();
    CHECK(outcome_of(std::move(first)) == 1);
    CHECK_FALSE(outcome_of(std::move(second)));
}

TEST_CASE("a receiver that is cancelled while it waits swallows nothing") {
    manual_executor home;
    const channel<int> numbers(2);
    future<std::optional<int>> first = launch(receive(numbers), home);
    future<std::optional<int>> second = launch(receive(numbers), home);
    home.run_all();
    first.cancel();
    home.run_all();
    CHECK_THROWS_AS(outcome_of(std::move(first)), cancelled);
    CHECK(numbers.try_send(1));
    home.run_all();
    CHECK(outcome_of(std::move(second)) == 1);
}

TEST_CASE(
    "a receiver that is cancelled when an item has just been given to it has the item, and its next wait throws") {
    manual_executor home;
    const channel<int> numbers(2);
    std::optional<int> seen;
    manual_operation<> next;
    const auto body = [&]() -> task<> {
        seen = co_await numbers.receive();
        co_await next;
    };
    future<> running = launch(body(), home);
    home.run_all();
    running.cancel();
    CHECK(numbers.try_send(1));  // before the cancellation arrives
    home.run_all();
    CHECK(seen == 1);
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("a sender that is cancelled while it waits has not sent") {
    manual_executor home;
    const channel<int> numbers(1);
    int sent = 0;
    future<> first = launch(send_all(numbers, 1, 2, sent), home);
    future<> second = launch(send(numbers, 3), home);
    home.run_all();
    first.cancel();
    home.run_all();
    CHECK(sent == 1);
    CHECK_THROWS_AS(outcome_of(std::move(first)), cancelled);
    CHECK(numbers.try_receive() == 1);
    CHECK(numbers.try_receive() == 3);
    home.run_all();
    outcome_of(std::move(second));
}

TEST_CASE("a sender that is cancelled when its value has just been taken has sent, and its next wait throws") {
    manual_executor home;
    const channel<int> numbers(0);
    int sent = 0;
    future<> running = launch(send_all(numbers, 1, 2, sent), home);
    home.run_all();
    running.cancel();
    CHECK(numbers.try_receive() == 1);  // before the cancellation arrives
    home.run_all();
    CHECK(sent == 1);
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
    CHECK_FALSE(numbers.try_receive());
}

TEST_CASE("a cancellation that meets the end is not lost") {
    manual_executor home;
    const channel<int> numbers(0);
    bool closed = false;
    manual_operation<> next;
    const auto body = [&]() -> task<> {
        try {
            co_await numbers.send(1);
        } catch (const channel_closed&) {
            closed = true;
        }
        co_await next;
    };
    future<> running = launch(body(), home);
    home.run_all();
    running.cancel();
    numbers.close();  // before the cancellation arrives
    home.run_all();
    CHECK(closed);
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

TEST_CASE("what loses against another one has taken nothing") {
    manual_executor home;
    const channel<int> quick(1), slow(1);
    const auto body = [&]() -> task<std::size_t> {
        const auto first = co_await when_any(slow.receive(), quick.receive());
        co_return first.index();
    };
    future<std::size_t> running = launch(body(), home);
    home.run_all();
    CHECK(quick.try_send(1));
    home.run_all();
    CHECK(outcome_of(std::move(running)) == 1);
    CHECK(slow.try_send(2));
    CHECK(slow.try_receive() == 2);
}

TEST_CASE("values are neither copied nor lost, whatever becomes of the channel") {
    const census all;
    manual_executor home;
    {
        const channel<counted> values(2);
        const auto produce = [](channel<counted> to) -> task<> {
            for (int i = 1; i <= 4; ++i) co_await to.send(counted(i));
        };
        future<> producer = launch(produce(values), home);
        home.run_all();
        CHECK(values.try_receive().value().number() == 1);
        home.run_all();
        producer.cancel();
        home.run_all();
        CHECK_THROWS_AS(outcome_of(std::move(producer)), cancelled);
        CHECK(census::alive() == 2);
    }
    CHECK(census::alive() == 0);
    CHECK(counted::copies == 0);
}

TEST_CASE("an item that is given back is the next one") {
    manual_executor home;
    const channel<int> numbers(1);
    const auto give_back = [&](int n) {
        detail::serving now(numbers.state()->lock);
        numbers.state()->take_back(now, n);
    };
    CHECK(numbers.try_send(2));
    give_back(1);
    CHECK(numbers.size() == 2);
    future<> sender = launch(send(numbers, 3), home);
    home.run_all();
    CHECK(numbers.try_receive() == 1);
    home.run_all();
    CHECK_FALSE(sender.done());
    CHECK(numbers.try_receive() == 2);
    CHECK(numbers.try_receive() == 3);
    home.run_all();
    outcome_of(std::move(sender));
    future<std::optional<int>> receiver = launch(receive(numbers), home);
    home.run_all();
    give_back(4);
    home.run_all();
    CHECK(outcome_of(std::move(receiver)) == 4);
}

TEST_CASE("the channel lives as long as who waits at it") {
    manual_executor home;
    std::optional<channel<int>> numbers(std::in_place, 1);
    const auto body = [&]() -> task<std::optional<int>> { co_return co_await numbers->receive(); };
    future<std::optional<int>> running = launch(body(), home);
    home.run_all();
    numbers.reset();
    running.cancel();
    home.run_all();
    CHECK_THROWS_AS(outcome_of(std::move(running)), cancelled);
}

struct crowd {
    std::size_t capacity;
    bool cancels;
    bool closes_early;
};

/// Many on either end, on three threads; each value counts for who has sent it, and for who has received it.
void meet(const crowd& how, unsigned seed) {
    std::mt19937 random(seed);
    constexpr int producers = 8, consumers = 8, values = 400;
    const channel<int> numbers(how.capacity);
    std::vector<std::atomic<int>> sent(producers * values), received(producers * values);
    std::atomic<bool> in_order{true};
    {
        test::executor_threads threads(3);
        const auto produce = [&](int who) -> task<> {
            for (int i = 0; i < values; ++i) {
                const int value = who * values + i;
                co_await numbers.send(value);
                ++sent[static_cast<std::size_t>(value)];
            }
        };
        const auto consume = [&]() -> task<> {
            std::vector<int> latest(producers, -1);
            while (const auto value = co_await numbers.receive()) {
                ++received[static_cast<std::size_t>(*value)];
                int& last = latest[static_cast<std::size_t>(*value / values)];
                if (*value <= last) in_order = false;
                last = *value;
            }
        };
        std::vector<future<>> makers, takers;
        for (int i = 0; i < producers; ++i) {
            makers.push_back(launch(produce(i), threads[random() % threads.size()]));
        }
        for (int i = 0; i < consumers; ++i) takers.push_back(launch(consume(), threads[random() % threads.size()]));
        if (how.cancels) {
            for (int i = 0; i < 6; ++i) {
                makers[random() % makers.size()].cancel();
                if (i % 2 == 0) takers[random() % (takers.size() - 1)].cancel();  // the last one stays
                for (auto turns = random() % 50; turns-- > 0;) std::this_thread::yield();
            }
        }
        if (how.closes_early) {
            for (auto turns = random() % 500; turns-- > 0;) std::this_thread::yield();
            numbers.close();
        }
        for (auto* const tasks : {&makers, &takers}) {
            if (tasks == &takers) numbers.close();
            for (future<>& each : *tasks) {
                try {
                    test::wait_for(std::move(each));
                } catch (const cancelled&) {
                    CHECK(how.cancels);
                } catch (const channel_closed&) {
                    CHECK(how.closes_early);
                }
            }
        }
    }
    CHECK(in_order);
    CHECK(numbers.size() == 0);
    for (std::size_t i = 0; i < sent.size(); ++i) {
        REQUIRE(sent[i] == received[i]);
        if (!how.cancels && !how.closes_early) REQUIRE(sent[i] == 1);
    }
}

TEST_CASE("many on either end, on several threads: nothing is lost, doubled or overtaken") {
    for (const std::size_t capacity : {0U, 1U, 3U, 64U}) {
        for (const bool cancels : {false, true}) {
            for (const bool closes_early : {false, true}) {
                const unsigned seed = std::random_device()();
                CAPTURE(capacity);
                CAPTURE(cancels);
                CAPTURE(closes_early);
                INFO("seed: ", seed);
                meet({capacity, cancels, closes_early}, seed);
            }
        }
    }
}

}  // namespace
}  // namespace pyasync
