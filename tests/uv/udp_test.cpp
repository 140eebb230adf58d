// tests/uv/udp_test.cpp: datagrams: there and back, full sockets, endings of all kinds, and that none is lost.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/udp.hpp>

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/task_report.hpp>
#include <pyasync/core/when_all.hpp>
#include <pyasync/uv/sleep.hpp>
#include "support/launch.hpp"
#include "support/run_on.hpp"

namespace {

/// While it is set, the system's buffers are full.
std::atomic<bool> full{false};
std::atomic<int> refused{0};

}  // namespace

/// In the place of the system's, for libuv.
extern "C" ssize_t sendmsg(int descriptor, const msghdr* message, int flags) {
    static auto* const systems = reinterpret_cast<decltype(&sendmsg)>(::dlsym(RTLD_NEXT, "sendmsg"));
    if (!full) return systems(descriptor, message, flags);
    ++refused;
    refused.notify_all();
    errno = EAGAIN;
    return -1;
}

namespace pyasync::uv {
namespace {

using namespace std::chrono_literals;
using test::launch;
using test::run_on;
using test::wait_for;

const address any_port("127.0.0.1", 0);

/// Sends fail to find room, for as long as it lives.
class full_buffers {
public:
    full_buffers() {
        refused = 0;
        full = true;
    }
    full_buffers(const full_buffers&) = delete;
    full_buffers& operator=(const full_buffers&) = delete;
    ~full_buffers() { full = false; }

    static void wait_until_met() { refused.wait(0); }
};

/// Runs a coroutine function to its end.
template <typename Function>
auto on(loop& home, Function&& body) {
    return wait_for(launch(body(), home));
}

task<std::string> text_from(udp& socket) {
    std::array<char, 100> room{};
    const datagram come = co_await socket.receive_from(room);
    CHECK_FALSE(come.truncated);
    co_return std::string(room.data(), come.size);
}

template <typename Operation>
task<std::optional<error>> failure_of(Operation operation) {
    try {
        static_cast<void>(co_await operation);
    } catch (const error& thrown) {
        co_return thrown;
    }
    co_return std::nullopt;
}

template <typename Operation>
task<bool> is_misuse(Operation operation) {
    try {
        static_cast<void>(co_await operation);
    } catch (const misuse&) {
        co_return true;
    }
    co_return false;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("a datagram goes there and back, by either family") {
    loop home;
    for (const char* const ip : {"127.0.0.1", "::1"}) {
        on(home, [&]() -> task<> {
            udp server = co_await udp::bind(address(ip, 0));
            udp client = co_await udp::bind(address(ip, 0));
            CHECK(server.local_address().ip() == ip);
            CHECK(server.local_address().port() != 0);
            CHECK(server.remote_address() == address());

            co_await client.send_to("question", server.local_address());
            std::array<char, 100> room{};
            const auto [size, truncated, from] = co_await server.receive_from(room);
            CHECK(home.is_current());
            CHECK(std::string_view(room.data(), size) == "question");
            CHECK_FALSE(truncated);
            CHECK(from == client.local_address());

            co_await server.send_to("answer", from);
            CHECK(co_await text_from(client) == "answer");
        });
    }
}

TEST_CASE("a receiver that waits already gets what comes") {
    loop home;
    on(home, [&]() -> task<> {
        udp server = co_await udp::bind(any_port);
        udp client = co_await udp::bind(any_port);
        const auto send = [](udp& by, address to) -> task<> { co_await by.send_to("late", to); };
        const auto both = co_await when_all(text_from(server), send(client, server.local_address()));
        CHECK(std::get<0>(both) == "late");
    });
}

TEST_CASE("a connected socket hears only from the other end") {
    loop home;
    on(home, [&]() -> task<> {
        udp server = co_await udp::bind(any_port);
        udp stranger = co_await udp::bind(any_port);
        udp client = co_await udp::connect(server.local_address());
        CHECK(client.remote_address() == server.local_address());
        CHECK(client.local_address().ip() == "127.0.0.1");

        co_await stranger.send_to("not for you", client.local_address());
        co_await client.send("a");
        co_await client.send_to("b", server.local_address());
        CHECK(co_await text_from(server) == "a");
        CHECK(co_await text_from(server) == "b");
        co_await server.send_to("c", client.local_address());
        std::array<char, 10> room{};
        const datagram come = co_await client.receive(room);
        CHECK(std::string_view(room.data(), come.size) == "c");
        CHECK(come.from == server.local_address());

        const auto elsewhere = co_await failure_of(client.send_to("d", stranger.local_address()));
        REQUIRE(elsewhere);
        CHECK(elsewhere->code().value() == EISCONN);
    });
}

TEST_CASE("a connected socket can have an address of one's own, and hears that nobody listens") {
    loop home;
    on(home, [&]() -> task<> {
        address left;
        {
            const udp gone = co_await udp::bind(any_port);
            left = gone.local_address();
        }
        co_await sleep(0s);  // libuv has closed it
        udp client = co_await udp::connect(left, address("127.0.0.1", 0));
        co_await client.send("anybody?");
        std::array<char, 10> room{};
        const auto nobody = co_await failure_of(client.receive(room));
        REQUIRE(nobody);
        CHECK(nobody->code().value() == ECONNREFUSED);
        CHECK(contains(nobody->what(), "udp receive at " + client.local_address().to_string()));
    });
}

TEST_CASE("what is longer than the room is told to be, and an empty datagram is one") {
    loop home;
    on(home, [&]() -> task<> {
        udp server = co_await udp::bind(any_port);
        udp client = co_await udp::connect(server.local_address());
        co_await client.send("12345");
        co_await client.send("1234");
        co_await client.send("");
        co_await client.send("12");
        co_await client.send("");
        std::array<char, 4> room{};
        const datagram longer = co_await server.receive_from(room);
        CHECK(longer.size == 4);
        CHECK(longer.truncated);
        CHECK(std::string_view(room.data(), longer.size) == "1234");
        const datagram fits = co_await server.receive_from(room);
        CHECK(fits.size == 4);
        CHECK_FALSE(fits.truncated);
        const datagram empty = co_await server.receive_from(room);
        CHECK(empty.size == 0);
        CHECK_FALSE(empty.truncated);
        CHECK(empty.from == client.local_address());

        std::vector<char> none;
        const datagram no_room = co_await server.receive_from(none);
        CHECK(no_room.size == 0);
        CHECK(no_room.truncated);
        const datagram nothing = co_await server.receive_from(none);
        CHECK(nothing.size == 0);
        CHECK_FALSE(nothing.truncated);
    });
}

TEST_CASE("nothing is lost that comes while nobody waits") {
    loop home;
    on(home, [&]() -> task<> {
        udp server = co_await udp::bind(any_port);
        udp client = co_await udp::connect(server.local_address());
        constexpr int rounds = 5;
        constexpr int each = 40;
        for (int round = 0; round < rounds; ++round) {
            // The first receive has made libuv listen; then it finds something and nobody who wants it.
            for (int i = 0; i < each; ++i) co_await client.send(std::to_string(i));
            CHECK(co_await text_from(server) == "0");
            for (int turn = 0; turn < 3; ++turn) co_await sleep(1ms);
            for (int i = 1; i < each; ++i) CHECK(co_await text_from(server) == std::to_string(i));
        }
    });
}

TEST_CASE("a second receiver is a misuse, and the first one is not disturbed") {
    loop home;
    on(home, [&]() -> task<> {
        udp server = co_await udp::bind(any_port);
        udp client = co_await udp::connect(server.local_address());
        const auto second = [](udp& receiver, udp& sender) -> task<> {
            std::array<char, 10> room{};
            CHECK(co_await is_misuse(receiver.receive_from(room)));
            co_await sender.send("for the first");
        };
        const auto both = co_await when_all(text_from(server), second(server, client));
        CHECK(std::get<0>(both) == "for the first");
    });
}

TEST_CASE("a receive that is cancelled ends at once, leaves its room alone, and loses nothing") {
    loop home;
    std::optional<udp> server, client;
    std::array<char, 10> room{};
    on(home, [&]() -> task<> {
        server.emplace(co_await udp::bind(any_port));
        client.emplace(co_await udp::connect(server->local_address()));
    });
    const auto receive = [&]() -> task<datagram> { co_return co_await server->receive_from(room); };
    future<datagram> waits = launch(receive(), home);
    run_on(home, [] {});  // it waits
    waits.cancel();
    CHECK_THROWS_AS(wait_for(std::move(waits)), cancelled);
    on(home, [&]() -> task<> {
        co_await client->send("later");
        for (int turn = 0; turn < 3; ++turn) co_await sleep(1ms);
        CHECK(room[0] == 0);
        CHECK(co_await text_from(*server) == "later");
    });
}

TEST_CASE("a cancellation before an operation is thrown instead of it") {
    loop home;
    on(home, [&]() -> task<> {
        udp socket = co_await udp::bind(any_port);
        const auto cancel = [] { pyasync::detail::task_context::current()->cancel(); };
        cancel();
        CHECK_THROWS_AS(co_await socket.send_to("not sent", socket.local_address()), cancelled);
        cancel();
        std::array<char, 10> room{};
        CHECK_THROWS_AS(co_await socket.receive_from(room), cancelled);
        cancel();
        CHECK_THROWS_AS(static_cast<void>(co_await udp::bind(any_port)), cancelled);
        co_await socket.send_to("sent", socket.local_address());
        CHECK(co_await text_from(socket) == "sent");
    });
}

TEST_CASE("where an address cannot be had, the error names it") {
    loop home;
    on(home, [&]() -> task<> {
        const udp first = co_await udp::bind(any_port);
        const auto in_use = co_await failure_of(udp::bind(first.local_address()));
        REQUIRE(in_use);
        CHECK(in_use->code().value() == EADDRINUSE);
        CHECK(contains(in_use->what(), "udp bind " + first.local_address().to_string()));

        const auto none = co_await failure_of(udp::bind(address()));
        REQUIRE(none);
        CHECK(none->code().value() == EINVAL);

        const auto two_families = co_await failure_of(udp::connect(address("::1", 9), any_port));
        REQUIRE(two_families);
        CHECK(contains(two_families->what(), "udp bind 127.0.0.1:0 connect [::1]:9"));

        const auto not_ours = co_await failure_of(udp::bind(address("192.0.2.1", 0)));
        REQUIRE(not_ours);
        CHECK(not_ours->code().value() == EADDRNOTAVAIL);
    });
}

TEST_CASE("options are set before the address is") {
    loop home;
    on(home, [&]() -> task<> {
        const udp first = co_await udp::bind(any_port, {.reuse_port = true});
        const udp second = co_await udp::bind(first.local_address(), {.reuse_port = true});
        CHECK(second.local_address() == first.local_address());

        const udp third = co_await udp::bind(any_port, {.reuse_address = true});
        const udp fourth = co_await udp::bind(third.local_address(), {.reuse_address = true});
        CHECK(fourth.local_address() == third.local_address());

        const udp six = co_await udp::bind(address("::", 0), {.ipv6_only = true});
        const udp beside = co_await udp::bind(address("0.0.0.0", six.local_address().port()));
        const auto no_six = co_await failure_of(udp::bind(any_port, {.ipv6_only = true}));
        REQUIRE(no_six);
        CHECK(no_six->code().value() == EINVAL);
    });
}

TEST_CASE("what cannot be sent is an error that names the address") {
    loop home;
    on(home, [&]() -> task<> {
        udp socket = co_await udp::bind(any_port);
        const std::string too_long(100'000, 'x');
        const auto long_one = co_await failure_of(socket.send_to(too_long, address("127.0.0.1", 9)));
        REQUIRE(long_one);
        CHECK(long_one->code().value() == EMSGSIZE);
        CHECK(contains(long_one->what(), "udp send to 127.0.0.1:9"));
        const auto to_nobody = co_await failure_of(socket.send("to whom?"));
        REQUIRE(to_nobody);
        CHECK(to_nobody->code().value() == EDESTADDRREQ);
    });
}

TEST_CASE("a sender that never has to wait lets others have their turn") {
    loop home;
    on(home, [&]() -> task<> {
        udp socket = co_await udp::bind(any_port);
        bool over = false;
        const auto flood = [](udp& by, const bool& stopped) -> task<> {
            while (!stopped) co_await by.send_to("x", by.local_address());
        };
        const auto stop = [](bool& stopped) -> task<> {
            for (int turn = 0; turn < 3; ++turn) co_await sleep(0s);
            stopped = true;
        };
        co_await when_all(flood(socket, over), stop(over));
    });
}

TEST_CASE("where the system's buffer is full, senders wait, and are served in their order") {
    loop home;
    std::optional<udp> server, client;
    on(home, [&]() -> task<> {
        server.emplace(co_await udp::bind(any_port));
        client.emplace(co_await udp::connect(server->local_address()));
    });
    const auto send = [&](const char* text) -> task<> { co_await client->send(text); };
    std::vector<future<>> waiting;
    {
        const full_buffers until_later;
        for (const char* const text : {"a", "b", "c"}) waiting.push_back(launch(send(text), home));
        run_on(home, [] {});
        full_buffers::wait_until_met();
        for (const future<>& each : waiting) CHECK_FALSE(each.done());
    }
    for (future<>& each : waiting) wait_for(std::move(each));
    on(home, [&]() -> task<> {
        for (const char* const text : {"a", "b", "c"}) CHECK(co_await text_from(*server) == text);
        co_await client->send("d");  // and nobody polls any more
        CHECK(co_await text_from(*server) == "d");
    });
}

TEST_CASE("a sender that waits can be cancelled: its datagram never goes out, the others do") {
    loop home;
    std::optional<udp> server, client;
    on(home, [&]() -> task<> {
        server.emplace(co_await udp::bind(any_port));
        client.emplace(co_await udp::connect(server->local_address()));
    });
    const auto send = [&](const char* text) -> task<> { co_await client->send(text); };
    std::vector<future<>> waiting;
    {
        const full_buffers until_later;
        for (const char* const text : {"a", "b", "c"}) waiting.push_back(launch(send(text), home));
        run_on(home, [] {});
        waiting[1].cancel();
        CHECK_THROWS_AS(wait_for(std::move(waiting[1])), cancelled);
    }
    wait_for(std::move(waiting[0]));
    wait_for(std::move(waiting[2]));
    {
        const full_buffers until_cancelled;
        future<> last = launch(send("never"), home);
        run_on(home, [] {});
        last.cancel();
        CHECK_THROWS_AS(wait_for(std::move(last)), cancelled);
    }
    on(home, [&]() -> task<> {
        co_await client->send("d");
        for (const char* const text : {"a", "c", "d"}) CHECK(co_await text_from(*server) == text);
    });
}

TEST_CASE("who waits for a socket that is closed is told") {
    loop home;
    std::optional<udp> socket;
    on(home, [&]() -> task<> { socket.emplace(co_await udp::bind(any_port)); });
    const address local = socket->local_address();
    const auto receive = [&]() -> task<std::optional<error>> {
        std::array<char, 10> room{};
        co_return co_await failure_of(socket->receive_from(room));
    };
    const auto send = [&]() -> task<std::optional<error>> {
        co_return co_await failure_of(socket->send_to("x", local));
    };
    const full_buffers all_the_time;
    std::vector<future<std::optional<error>>> waiting;
    waiting.push_back(launch(receive(), home));
    waiting.push_back(launch(send(), home));
    waiting.push_back(launch(send(), home));
    run_on(home, [] {});
    SUBCASE("by its owner") {
        run_on(home, [&] { socket->close(); });
        CHECK_THROWS_AS(static_cast<void>(socket->local_address()), misuse);
        CHECK_THROWS_AS(static_cast<void>(socket->send("x")), misuse);
    }
    SUBCASE("by its end, on another thread") { socket.reset(); }
    for (auto& each : waiting) {
        const auto told = wait_for(std::move(each));
        REQUIRE(told);
        CHECK(told->code().value() == ECANCELED);
        CHECK(contains(told->what(), local.to_string()));
    }
}

TEST_CASE("a task may close its socket when something comes, and open another one") {
    loop home;
    on(home, [&]() -> task<> {
        udp client = co_await udp::bind(any_port);
        for (int i = 0; i < 10; ++i) {
            udp server = co_await udp::bind(any_port);
            co_await client.send_to("a", server.local_address());
            co_await client.send_to("b", server.local_address());
            CHECK(co_await text_from(server) == "a");
        }
    });
}

TEST_CASE("a task that begins elsewhere opens its socket at home") {
    loop home;
    const auto body = [&]() -> task<std::string> {
        CHECK_FALSE(home.is_current());
        udp socket = co_await udp::bind(any_port);
        CHECK(home.is_current());
        co_await socket.send_to("home", socket.local_address());
        co_return co_await text_from(socket);
    };
    CHECK(wait_for(test::launch_away(body(), home)) == "home");
}

TEST_CASE("a report says at which address somebody waits") {
    loop home;
    std::optional<udp> socket;
    on(home, [&]() -> task<> { socket.emplace(co_await udp::bind(any_port)); });
    const full_buffers all_the_time;
    pyasync::detail::task_context* receiver = nullptr;
    pyasync::detail::task_context* sender = nullptr;
    const auto receive = [&]() -> task<> {
        receiver = pyasync::detail::task_context::current();
        co_await text_from(*socket);
    };
    const auto send = [&]() -> task<> {
        sender = pyasync::detail::task_context::current();
        co_await socket->send_to("x", address("127.0.0.1", 9));
    };
    std::vector<future<>> running;
    running.push_back(launch(receive(), home));
    running.push_back(launch(send(), home));
    pyasync::detail::task_report received, sent;
    run_on(home, [&] {
        receiver->describe_wait(received);
        sender->describe_wait(sent);
    });
    CHECK(received.waits_for == "uv::udp receive at " + socket->local_address().to_string());
    CHECK(sent.waits_for == "uv::udp send to 127.0.0.1:9");
    for (future<>& each : running) {
        each.cancel();
        CHECK_THROWS_AS(wait_for(std::move(each)), cancelled);
    }
}

TEST_CASE("a socket is used on its own loop, and moved to wherever") {
    loop home, other;
    std::optional<udp> socket;
    on(home, [&]() -> task<> { socket.emplace(co_await udp::bind(any_port)); });
    on(other, [&]() -> task<> {
        std::array<char, 10> room{};
        CHECK(co_await is_misuse(socket->receive_from(room)));
        CHECK(co_await is_misuse(socket->send("x")));
    });
    CHECK_THROWS_AS(socket->set_broadcast(true), misuse);
    udp moved = std::move(*socket);
    CHECK_THROWS_AS(static_cast<void>(socket->local_address()), misuse);
    on(home, [&]() -> task<> {
        co_await moved.send_to("still", moved.local_address());
        CHECK(co_await text_from(moved) == "still");
    });
}

TEST_CASE("a loop that stops closes the sockets, and nobody continues") {
    std::optional<udp> socket;
    std::vector<future<>> waiting;
    const full_buffers all_the_time;
    loop home;
    on(home, [&]() -> task<> { socket.emplace(co_await udp::bind(any_port)); });
    const auto receive = [&]() -> task<> {
        std::array<char, 10> room{};
        co_await socket->receive_from(room);
    };
    const auto send = [&]() -> task<> { co_await socket->send_to("x", socket->local_address()); };
    waiting.push_back(launch(receive(), home));
    waiting.push_back(launch(send(), home));
    run_on(home, [] {});
    home.stop();
    for (future<>& each : waiting) {
        CHECK_FALSE(each.done());
        test::leave_behind(std::move(each));
    }
    socket.reset();
}

TEST_CASE("a broadcast needs leave") {
    loop home;
    on(home, [&]() -> task<> {
        udp server = co_await udp::bind(address("0.0.0.0", 0));
        udp client = co_await udp::bind(any_port);
        const address everybody("127.255.255.255", server.local_address().port());
        const auto refusal = co_await failure_of(client.send_to("all", everybody));
        REQUIRE(refusal);
        CHECK(refusal->code().value() == EACCES);
        client.set_broadcast(true);
        co_await client.send_to("all", everybody);
        CHECK(co_await text_from(server) == "all");
        client.set_broadcast(false);
        CHECK(co_await failure_of(client.send_to("all", everybody)));
    });
}

TEST_CASE("a multicast group is heard from joining it to leaving it") {
    loop home;
    on(home, [&]() -> task<> {
        const address group("224.0.0.251", 0);
        const address loopback("127.0.0.1", 0);
        udp member = co_await udp::bind(address("0.0.0.0", 0), {.reuse_address = true});
        udp sender = co_await udp::bind(any_port);
        sender.set_multicast_interface(loopback);
        sender.set_multicast_loop(true);
        sender.set_multicast_ttl(1);
        const address to = group.with_port(member.local_address().port());
        member.join(group, loopback);
        co_await sender.send_to("members", to);
        CHECK(co_await text_from(member) == "members");
        member.leave(group, loopback);
        co_await sender.send_to("nobody", to);
        co_await sender.send_to("you", address("127.0.0.1", to.port()));
        CHECK(co_await text_from(member) == "you");
    });
}

TEST_CASE("where a group or an option is wrong, the error says so") {
    loop home;
    on(home, [&]() -> task<> {
        udp socket = co_await udp::bind(any_port);
        std::string told;
        try {
            socket.join(address("127.0.0.1", 0), address("127.0.0.1", 0));
        } catch (const error& thrown) {
            told = thrown.what();
        }
        CHECK(contains(told, "udp " + socket.local_address().to_string() + " join 127.0.0.1 by 127.0.0.1"));
        CHECK_THROWS_AS(socket.leave(address("224.0.0.251", 0), address("127.0.0.1", 0)), error);
        CHECK_THROWS_AS(socket.set_multicast_ttl(1000), error);
        CHECK_THROWS_AS(socket.set_multicast_interface(address("192.0.2.1", 0)), error);
    });
}

/// No descriptor can be had, for as long as it lives.
class no_descriptors {
public:
    no_descriptors() {
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        rlimit none = before_;
        none.rlim_cur = STDERR_FILENO + 1;
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    }
    no_descriptors(const no_descriptors&) = delete;
    no_descriptors& operator=(const no_descriptors&) = delete;
    ~no_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

TEST_CASE("where descriptors have run out, that is an error, and passes") {
    loop home;
    on(home, [&]() -> task<> {
        udp socket = co_await udp::bind(any_port);
        {
            const no_descriptors left;
            const auto no_socket = co_await failure_of(udp::bind(any_port));
            REQUIRE(no_socket);
            CHECK(no_socket->code().value() == EMFILE);
            const full_buffers until_then;
            const auto no_wait = co_await failure_of(socket.send_to("x", socket.local_address()));
            REQUIRE(no_wait);
            CHECK(no_wait->code().value() == EMFILE);
        }
        co_await socket.send_to("again", socket.local_address());
        CHECK(co_await text_from(socket) == "again");
    });
}

}  // namespace
}  // namespace pyasync::uv
