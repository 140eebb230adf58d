// tests/uv/tty_test.cpp: terminals, with a pseudo terminal's other end as who types and looks.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/tty.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

#include <pyasync/uv/descriptor.hpp>
#include <pyasync/uv/signals.hpp>
#include <pyasync/uv/timeout.hpp>
#include "support/launch.hpp"

namespace pyasync::uv {
namespace {

using detail::descriptor;
using test::launch;
using test::wait_for;

template <typename Body>
auto on_a_loop(Body body) {
    loop home;
    return wait_for(launch(body(), home));
}

/// `terminal` is what a program has; the test types and looks at `person`.
struct pseudo_terminal {
    pseudo_terminal() {
        int master = -1;
        int slave = -1;
        const winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
        REQUIRE(::openpty(&master, &slave, nullptr, nullptr, &size) == 0);
        person = descriptor(master);
        terminal = descriptor(slave);
    }
    void type(const std::string& text) const {
        REQUIRE(::write(person.number(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    }
    [[nodiscard]] std::string shown() const {
        std::array<char, 256> room{};
        const ssize_t size = ::read(person.number(), room.data(), room.size());
        return {room.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
    }
    [[nodiscard]] bool echoes() const {
        termios mode{};
        ::tcgetattr(terminal.number(), &mode);
        return (mode.c_lflag & ECHO) != 0;
    }

    descriptor person;
    descriptor terminal;
};

TEST_CASE("what is typed is read by lines, what is written is seen") {
    on_a_loop([]() -> task<> {
        const pseudo_terminal screen;
        CHECK(is_terminal(screen.terminal.number()));
        tty line = co_await tty::open(screen.terminal.number());
        screen.type("hello\n");
        CHECK(co_await line.read_until("\n") == "hello\n");
        CHECK(screen.shown() == "hello\r\n");  // the echo
        co_await line.write("you");
        CHECK(screen.shown() == "you");
    });
}

TEST_CASE("raw, each key comes at once, and the mode is put back") {
    on_a_loop([]() -> task<> {
        const pseudo_terminal screen;
        {
            tty keys = co_await tty::open(screen.terminal.number());
            keys.set_mode(tty_mode::raw);
            CHECK_FALSE(screen.echoes());
            screen.type("\x03");
            CHECK(co_await keys.read_exactly(1) == "\x03");
            keys.set_mode(tty_mode::normal);
            CHECK(screen.echoes());
            keys.set_mode(tty_mode::raw);
            CHECK_FALSE(screen.echoes());
        }
        CHECK(screen.echoes());
    });
}

TEST_CASE("the descriptor stays as it is") {
    on_a_loop([]() -> task<> {
        const pseudo_terminal screen;
        const int number = screen.terminal.number();
        REQUIRE(::fcntl(number, F_SETFD, 0) == 0);
        const int flags = ::fcntl(number, F_GETFL);
        {
            tty line = co_await tty::open(number);
            co_await line.write("x");
            CHECK(::fcntl(number, F_GETFL) == flags);
            CHECK(::fcntl(number, F_GETFD) == 0);
        }
        CHECK(::fcntl(number, F_GETFL) == flags);
        CHECK(is_terminal(number));
    });
}

TEST_CASE("opened again and again, nothing stays open") {
    on_a_loop([]() -> task<> {
        const pseudo_terminal screen;
        const descriptor first_free(::dup(screen.terminal.number()));
        for (int i = 0; i < 100; ++i) {
            tty line = co_await tty::open(screen.terminal.number());
            line.set_mode(tty_mode::raw);
        }
        const descriptor free(::dup(screen.terminal.number()));
        CHECK(free.number() == first_free.number() + 1);
    });
}

TEST_CASE("its size, and its changes") {
    on_a_loop([]() -> task<> {
        const pseudo_terminal screen;
        const tty line = co_await tty::open(screen.terminal.number());
        CHECK(line.size() == window_size{.columns = 80, .rows = 24});
        signals resized = co_await signals::watch(SIGWINCH);
        const winsize wide{.ws_row = 30, .ws_col = 132, .ws_xpixel = 0, .ws_ypixel = 0};
        REQUIRE(::ioctl(screen.person.number(), TIOCSWINSZ, &wide) == 0);
        ::kill(::getpid(), SIGWINCH);  // as the kernel does where it is the controlling terminal
        CHECK(co_await resized.next() == SIGWINCH);
        CHECK(line.size() == window_size{.columns = 132, .rows = 30});
    });
}

TEST_CASE("a read is cancelled, and what is typed then is not lost") {
    on_a_loop([]() -> task<> {
        const pseudo_terminal screen;
        tty line = co_await tty::open(screen.terminal.number());
        CHECK_THROWS_AS(co_await timeout(std::chrono::milliseconds(1), line.read_until("\n")), timed_out);
        screen.type("later\n");
        CHECK(co_await line.read_until("\n") == "later\n");
    });
}

TEST_CASE("a writer waits where nobody looks") {
    on_a_loop([]() -> task<> {
        const pseudo_terminal screen;
        tty line = co_await tty::open(screen.terminal.number());
        const std::string much(1'000'000, 'x');
        CHECK_THROWS_AS(co_await timeout(std::chrono::milliseconds(1), line.write(much)), timed_out);
    });
}

TEST_CASE("it hangs up") {
    on_a_loop([]() -> task<> {
        pseudo_terminal screen;
        tty line = co_await tty::open(screen.terminal.number());
        screen.person = descriptor();
        CHECK(co_await line.read_until("\n") == std::nullopt);
        CHECK_THROWS_WITH_AS(co_await line.write("x"),
                             "write to the terminal, of which 0 bytes had gone out: Input/output error", error);
        line.close();
        CHECK_THROWS_AS(line.set_mode(tty_mode::raw), error);
        CHECK_THROWS_AS(static_cast<void>(line.size()), error);
    });
}

TEST_CASE("no terminal") {
    on_a_loop([]() -> task<> {
        const descriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
        CHECK_FALSE(is_terminal(null.number()));
        const std::string expected =
            "use descriptor " + std::to_string(null.number()) + " as a terminal: Inappropriate ioctl for device";
        CHECK_THROWS_WITH_AS(co_await tty::open(null.number()), expected.c_str(), error);
        CHECK_THROWS_WITH_AS(co_await tty::open(12345), "use descriptor 12345 as a terminal: Bad file descriptor",
                             error);
        CHECK_FALSE(is_terminal(12345));
    });
}

TEST_CASE("the mode is put back where the program ends, but not where a forked child does") {
    const pseudo_terminal screen;
    loop home;
    const auto open_raw = [](int number) -> task<tty> {
        tty keys = co_await tty::open(number);
        keys.set_mode(tty_mode::raw);
        co_return keys;
    };
    const tty keys = wait_for(launch(open_raw(screen.terminal.number()), home));
    const pid_t child = ::fork();
    if (child == 0) {
        detail::reset_terminals();
        ::_exit(0);
    }
    int status = -1;
    CHECK(::waitpid(child, &status, 0) == child);
    CHECK_FALSE(screen.echoes());
    detail::reset_terminals();
    CHECK(screen.echoes());
}

TEST_CASE("a loop that stops puts it back") {
    const pseudo_terminal screen;
    loop home;
    {
        const auto open_raw = [](int number) -> task<tty> {
            tty keys = co_await tty::open(number);
            keys.set_mode(tty_mode::raw);
            co_return keys;
        };
        const tty keys = wait_for(launch(open_raw(screen.terminal.number()), home));
        home.stop();
        CHECK_FALSE(screen.echoes());
    }
    CHECK(screen.echoes());
}

}  // namespace
}  // namespace pyasync::uv
