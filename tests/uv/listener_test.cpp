// tests/uv/listener_test.cpp: accepting: in turn, cancelled, shared by loops, and when the descriptors have run out.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/listener.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/when_all.hpp>
#include <pyasync/uv/pipe.hpp>
#include <pyasync/uv/sleep.hpp>
#include <pyasync/uv/tcp.hpp>
#include "support/launch.hpp"
#include "support/run_on.hpp"
#include "support/temporary_folder.hpp"

namespace pyasync::uv {
namespace {

using namespace std::chrono_literals;
using test::launch;
using test::run_on;
using test::wait_for;

const address any_port("127.0.0.1", 0);

template <typename Body>
auto on_a_loop(Body body) {
    loop home;
    return wait_for(launch(body(), home));
}

template <typename T>
task<int> status_of(task<T> body) {
    try {
        co_await std::move(body);
    } catch (const error& failed) {
        co_return failed.status();
    }
    co_return 0;
}

template <typename Stream>
task<Stream> accepted_by(listener<Stream>& server) {
    co_return co_await server.accept();
}

TEST_CASE("an address in use, one that is not ours, a port of the system's choice") {
    on_a_loop([]() -> task<> {
        auto server = co_await tcp::listen(any_port);
        CHECK(server.local_address().port() != 0);
        CHECK(server.name() == server.local_address().to_string());
        std::string said;
        try {
            co_await tcp::listen(server.local_address());
        } catch (const error& failed) {
            said = failed.what();
        }
        CHECK(said == "listen at " + server.name() + ": Address already in use");
        CHECK(co_await status_of(tcp::listen({"192.0.2.1", 0})) == UV_EADDRNOTAVAIL);
        const address here = server.local_address();
        server.close();
        CHECK(co_await status_of(tcp::listen(here)) == 0);
    });
}

TEST_CASE("tasks that accept get connections in turn, and a cancelled one takes none") {
    on_a_loop([]() -> task<> {
        auto server = co_await tcp::listen(any_port);
        std::vector<future<tcp>> accepting;
        for (int i = 0; i < 3; ++i) accepting.push_back(launch(accepted_by(server), *loop::current()));
        co_await sleep(0ms);
        accepting[0].cancel();
        std::vector<tcp> clients;
        for (int i = 0; i < 2; ++i) clients.push_back(co_await tcp::connect(server.local_address()));
        for (int i = 0; i < 2; ++i) {
            const tcp one = co_await std::move(accepting[static_cast<std::size_t>(i) + 1]);
            CHECK(one.peer_address() == clients[static_cast<std::size_t>(i)].local_address());
        }
        CHECK_THROWS_AS(co_await std::move(accepting[0]), cancelled);
    });
}

TEST_CASE("connections that nobody accepts wait") {
    on_a_loop([]() -> task<> {
        auto server = co_await tcp::listen(any_port);
        std::vector<tcp> clients;
        for (int i = 0; i < 100; ++i) clients.push_back(co_await tcp::connect(server.local_address()));
        for (int i = 0; i < 100; ++i) co_await server.accept();
    });
}

TEST_CASE("who accepts when a listener is closed hears of it") {
    on_a_loop([]() -> task<> {
        auto server = co_await tcp::listen(any_port);
        future<tcp> accepting = launch(accepted_by(server), *loop::current());
        co_await sleep(0ms);
        server.close();
        CHECK_FALSE(server.is_open());
        int status = 0;
        try {
            co_await std::move(accepting);
        } catch (const error& failed) {
            status = failed.status();
        }
        CHECK(status == UV_ECANCELED);
        CHECK(co_await status_of(accepted_by(server)) == UV_EBADF);
        CHECK_THROWS_AS(co_await server.share(), misuse);
    });
}

TEST_CASE("by a path, whose file goes with the listener") {
    on_a_loop([]() -> task<> {
        const std::string path =
            std::filesystem::temp_directory_path() / ("pyasync-test-" + std::to_string(::getpid()));
        {
            auto server = co_await pipe::listen(path);
            CHECK(server.name() == path);
            CHECK(co_await status_of(pipe::listen(path)) == UV_EADDRINUSE);
            auto [one, other] = co_await when_all(server.accept(), pipe::connect(path));
            co_await one.write("hello");
            CHECK(co_await other.read_exactly(5) == "hello");
            CHECK(other.peer() == path);
        }
        CHECK_FALSE(std::filesystem::exists(path));
        CHECK(co_await status_of(pipe::connect(path)) == UV_ENOENT);
        CHECK(co_await status_of(pipe::connect(std::string(200, 'x'))) == UV_ENAMETOOLONG);
        CHECK(co_await status_of(pipe::listen(std::string(200, 'x'))) == UV_ENAMETOOLONG);
        CHECK(co_await status_of(pipe::connect(std::string("a\0b", 3))) == UV_EINVAL);
        CHECK(co_await status_of(pipe::listen(std::string("a\0b", 3))) == UV_EINVAL);
    });
}

TEST_CASE("the file of who listens there now is left alone by who did before") {
    on_a_loop([]() -> task<> {
        const test::temporary_folder folder;
        const std::string path = folder / "socket";
        auto before = co_await pipe::listen(path);
        std::filesystem::remove(path);
        {
            auto now = co_await pipe::listen(path);
            before.close();
            CHECK(std::filesystem::exists(path));
        }
        CHECK_FALSE(std::filesystem::exists(path));
    });
}

TEST_CASE("loops share what comes in at one socket") {
    constexpr int connections = 200;
    loop home;
    loop other;
    auto server = wait_for(launch(tcp::listen(any_port), home));
    auto shared = wait_for(launch(server.share(), other));
    const address here = server.local_address();
    CHECK(shared.local_address() == here);
    const auto serve = [](listener<tcp>& of, int& count) -> task<> {
        for (;;) {
            tcp peer = co_await of.accept();
            ++count;
            co_await peer.write("x");
        }
    };
    int at_home = 0;
    int elsewhere = 0;
    future<> here_too = launch(serve(server, at_home), home);
    future<> there = launch(serve(shared, elsewhere), other);
    loop of_clients;
    const auto connect = [](address to) -> task<> {
        for (int i = 0; i < connections; ++i) {
            tcp made = co_await tcp::connect(to);
            co_await made.read_exactly(1);
        }
    };
    wait_for(launch(connect(here), of_clients));
    here_too.cancel();
    there.cancel();
    CHECK_THROWS_AS(wait_for(std::move(here_too)), cancelled);
    CHECK_THROWS_AS(wait_for(std::move(there)), cancelled);
    CHECK(at_home + elsewhere == connections);
}

TEST_CASE("several listen at one address, where they say so") {
    on_a_loop([]() -> task<> {
        auto first = co_await tcp::listen(any_port, {.reuse_port = true});
        auto second = co_await tcp::listen(first.local_address(), {.reuse_port = true});
        CHECK(co_await status_of(tcp::listen(first.local_address())) == UV_EADDRINUSE);
    });
}

/// No more descriptors for this process, while it lives.
class no_more_descriptors {
public:
    no_more_descriptors() {
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        const int next = ::fcntl(0, F_DUPFD_CLOEXEC, 0);
        ::close(next);
        rlimit now = before_;
        now.rlim_cur = static_cast<rlim_t>(next);
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &now) == 0);
    }
    no_more_descriptors(const no_more_descriptors&) = delete;
    no_more_descriptors& operator=(const no_more_descriptors&) = delete;
    ~no_more_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

TEST_CASE("without a descriptor to give, accept fails, and the connection is there for the next one") {
    on_a_loop([]() -> task<> {
        auto server = co_await tcp::listen(any_port);
        tcp client = co_await tcp::connect(server.local_address());
        {
            const no_more_descriptors now;
            CHECK(co_await status_of(accepted_by(server)) == UV_EMFILE);
            CHECK(co_await status_of(tcp::connect(server.local_address())) == UV_EMFILE);
            CHECK(co_await status_of(tcp::listen(any_port)) == UV_EMFILE);
        }
        tcp peer = co_await server.accept();
        co_await peer.write("hello");
        CHECK(co_await client.read_exactly(5) == "hello");
    });
}

}  // namespace
}  // namespace pyasync::uv
