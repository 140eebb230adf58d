// tests/uv/process_test.cpp: processes: what they start with, their streams, their ends, who kills and who reaps them.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/process.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/when_all.hpp>
#include <pyasync/uv/descriptor.hpp>
#include "support/launch.hpp"

namespace pyasync::uv {
namespace {

using detail::descriptor;
using test::launch;
using test::wait_for;

/// When the loop has stopped, nothing may be left: neither running nor as a zombie.
bool no_children() {
    siginfo_t any{};
    return ::waitid(P_ALL, 0, &any, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

bool is_gone(pid_t pid) { return ::kill(pid, 0) < 0 && errno == ESRCH; }

template <typename Body>
void on_a_loop(Body body) {
    {
        loop home;
        wait_for(launch(body(), home));
    }
    CHECK(no_children());
}

/// A pipe of the test's own.
struct own_pipe {
    own_pipe() {
        std::array<int, 2> ends{};
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        reading = descriptor(ends[0]);
        writing = descriptor(ends[1]);
    }
    [[nodiscard]] std::string read() const {
        std::array<char, 256> room{};
        const ssize_t size = ::read(reading.number(), room.data(), room.size());
        return {room.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
    }
    descriptor reading;
    descriptor writing;
};

std::size_t open_descriptors() {
    std::size_t count = 0;
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) count += each.exists() ? 1 : 1;
    return count;
}

command shell(std::string script) { return command("/bin/sh", "-c", std::move(script)); }

/// Runs until its stdin is closed, and says so first.
command waiting_command() {
    command cat = shell("echo started; exec cat");
    cat.stdin(stdio::piped()).stdout(stdio::piped());
    return cat;
}

template <typename T>
task<std::string> error_of(task<T> failing) {
    try {
        co_await std::move(failing);
    } catch (const error& failed) {
        co_return failed.what();
    }
    co_return "";
}

TEST_SUITE("run") {
    TEST_CASE("a program is given input, prints, and ends") {
        on_a_loop([]() -> task<> {
            auto sorted = co_await command("sort", "-r").run("a\nc\nb\n");
            CHECK(sorted.status.success());
            CHECK(sorted.out == "c\nb\na\n");
            CHECK(sorted.err.empty());
        });
    }

    TEST_CASE("more than the pipes hold, both ways at a time") {
        on_a_loop([]() -> task<> {
            std::string input(10'000'000, 'x');
            for (std::size_t i = 0; i < input.size(); i += 100) input[i] = static_cast<char>('a' + i % 26);
            auto copied = co_await shell("tee /dev/stderr").run(input);
            CHECK(copied.out == input);
            CHECK(copied.err == input);
        });
    }

    TEST_CASE("input that nobody reads is no error") {
        on_a_loop([]() -> task<> {
            auto deaf = co_await shell("exit 3").run(std::string(1'000'000, 'x'));
            CHECK(deaf.status == exit_status{.code = 3});
            CHECK(deaf.status.to_string() == "exited with 3");
        });
    }

    TEST_CASE("it dies on a signal") {
        on_a_loop([]() -> task<> {
            auto killed = co_await shell("echo before; kill -SEGV $$").run();
            CHECK(killed.status == exit_status{.signal = SIGSEGV});
            CHECK(killed.status.to_string() == "ended by signal 11");
            CHECK(killed.out == "before\n");
        });
    }

    TEST_CASE("stderr by itself, into stdout, or nowhere") {
        on_a_loop([]() -> task<> {
            command both = shell("echo out; echo err >&2");
            auto apart = co_await both.run();
            CHECK(apart.out == "out\n");
            CHECK(apart.err == "err\n");
            auto together = co_await both.stderr(stdio::as_stdout()).run();
            CHECK(together.out == "out\nerr\n");
            CHECK(together.err.empty());
            auto without = co_await both.stderr(stdio::null()).stdout(stdio::null()).run();
            CHECK(without.out.empty());
            CHECK(without.err.empty());
            auto unfed = co_await command("cat").stdin(stdio::null()).run();
            CHECK(unfed.out.empty());
        });
    }

    TEST_CASE("a cancellation kills it") {
        own_pipe pid_from;
        own_pipe silence;
        command endless = shell("echo $$; exec cat");
        endless.stdin(stdio::descriptor(silence.reading.number()));
        endless.stdout(stdio::descriptor(pid_from.writing.number()));
        pid_t pid = 0;
        {
            loop home;
            future<finished_process> running = launch(endless.run(), home);
            pid = static_cast<pid_t>(std::stoi(pid_from.read()));
            running.cancel();
            CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
        }
        CHECK(is_gone(pid));
        CHECK(no_children());
    }
}

TEST_SUITE("what it starts with") {
    TEST_CASE("arguments, as they are") {
        on_a_loop([]() -> task<> {
            command print("printf", "<%s>");
            print.argument("").argument("two words").arguments({"*", "$HOME"});
            CHECK((co_await print.run()).out == "<><two words><*><$HOME>");
        });
    }

    TEST_CASE("the environment, inherited, changed, or none") {
        ::setenv("PYASYNC_TEST_INHERITED", "yes", 1);
        on_a_loop([]() -> task<> {
            command print = shell("echo $PYASYNC_TEST_INHERITED-$MORE");
            CHECK((co_await print.run()).out == "yes-\n");
            CHECK((co_await print.environment("MORE", "a=b").run()).out == "yes-a=b\n");
            CHECK((co_await print.environment("MORE", "other").run()).out == "yes-other\n");
            CHECK((co_await print.without("PYASYNC_TEST_INHERITED").run()).out == "-other\n");
            command all("/usr/bin/env");
            CHECK((co_await all.empty_environment().run()).out.empty());
            CHECK((co_await all.environment("ONLY", "1").run()).out == "ONLY=1\n");
        });
        ::unsetenv("PYASYNC_TEST_INHERITED");
    }

    TEST_CASE("a directory") {
        on_a_loop([]() -> task<> {
            CHECK((co_await command("pwd").directory("/usr").run()).out == "/usr\n");
            CHECK((co_await command("./env", "true").directory("/usr/bin").run()).status.success());
        });
    }

    TEST_CASE("a session of its own") {
        on_a_loop([]() -> task<> {
            command who = shell("cut -d' ' -f6 /proc/$$/stat; echo $$");
            auto apart = co_await who.new_session().run();
            const std::size_t end = apart.out.find('\n');
            CHECK(apart.out.substr(0, end + 1) == apart.out.substr(end + 1));
        });
    }

    TEST_CASE("no signal blocked or ignored, whatever is so here") {
        struct sigaction before{};
        struct sigaction ignored{};
        ignored.sa_handler = SIG_IGN;
        ::sigaction(SIGPIPE, &ignored, &before);
        on_a_loop([]() -> task<> {
            auto masks = co_await command("sed", "-n", "s/^Sig[BI][lg][kn]:\t//p", "/proc/self/status").run();
            constexpr auto of_the_c_library = 0x180000000ULL;  // in its hands anyway
            constexpr int hexadecimal = 16;
            const std::size_t end = masks.out.find('\n');
            CHECK(std::stoull(masks.out.substr(0, end), nullptr, hexadecimal) == 0);
            CHECK((std::stoull(masks.out.substr(end + 1), nullptr, hexadecimal) & ~of_the_c_library) == 0);
        });
        ::sigaction(SIGPIPE, &before, nullptr);
    }

    TEST_CASE("no other descriptor") {
        const descriptor kept_open(::open("/dev/null", O_RDONLY));  // by a library that does not care
        on_a_loop([]() -> task<> {
            auto open = co_await shell("exec ls /proc/self/fd").run();
            CHECK(open.out == "0\n1\n2\n3\n");  // the last one is ls's own
        });
    }

    TEST_CASE("descriptors, exchanged") {
        own_pipe first;
        own_pipe second;
        on_a_loop([&]() -> task<> {
            command both = shell("echo out; echo err >&2");
            both.stdin(stdio::null());
            both.stdout(stdio::descriptor(second.writing.number())).stderr(stdio::descriptor(first.writing.number()));
            process running = co_await both.start();
            CHECK((co_await running.wait()).success());
        });
        CHECK(first.read() == "err\n");
        CHECK(second.read() == "out\n");
    }
}

TEST_SUITE("what cannot be started") {
    TEST_CASE("each error names the program, and leaves nothing open") {
        on_a_loop([]() -> task<> {
            CHECK(co_await error_of(command("/nowhere/x").start()) == "start /nowhere/x: No such file or directory");
            co_await command("true").run();
            const std::size_t before = open_descriptors();
            CHECK(co_await error_of(command("pyasync-no-such-program").run()) ==
                  "start pyasync-no-such-program: No such file or directory");
            CHECK(co_await error_of(command("true").directory("/nowhere").start()) ==
                  "start true in /nowhere: No such file or directory");
            CHECK(co_await error_of(command("/etc/passwd").start()) == "start /etc/passwd: Permission denied");
            CHECK(co_await error_of(command("true").stdin(stdio::descriptor(12345)).start()) ==
                  "give descriptor 12345 to true: Bad file descriptor");
            co_await command("true").run();
            CHECK(open_descriptors() == before);
        });
    }

    TEST_CASE("what no program can be given") {
        using namespace std::string_literals;
        on_a_loop([]() -> task<> {
            command fed("cat");
            fed.stdin(stdio::null());
            CHECK_THROWS_WITH_AS(co_await fed.run("input"),
                                 "pyasync: start cat: there is input, but its stdin is no pipe", std::invalid_argument);

            const auto check = [](command refused, const char* reason) -> task<> {
                CHECK_THROWS_WITH_AS(co_await refused.start(), reason, std::invalid_argument);
                CHECK_THROWS_WITH_AS(co_await refused.run(), reason, std::invalid_argument);
            };
            const command env("env");
            co_await check(command(""), "pyasync: start : the program has no name");
            co_await check(command("e\0v"s), "pyasync: start e\\0v: \"e\\0v\" has a NUL byte");
            co_await check(command("env", "\0"s), "pyasync: start env: \"\\0\" has a NUL byte");
            co_await check(command(env).directory("/\0"s), "pyasync: start env in /\\0: \"/\\0\" has a NUL byte");
            co_await check(command(env).environment("A=B", "c"),
                           "pyasync: start env: \"A=B\" is no name of a variable");
            co_await check(command(env).environment("", "c"), "pyasync: start env: \"\" is no name of a variable");
            co_await check(command(env).environment("A\0"s, "c"), "pyasync: start env: \"A\\0\" has a NUL byte");
            co_await check(command(env).environment("A", "c\0"s), "pyasync: start env: \"c\\0\" has a NUL byte");
            co_await check(command(env).without("A=B"), "pyasync: start env: \"A=B\" is no name of a variable");
            co_await check(command(env).stdin(stdio::as_stdout()), "pyasync: start env: stdin cannot be as_stdout()");
            co_await check(command(env).stdout(stdio::as_stdout()), "pyasync: start env: stdout cannot be as_stdout()");
        });
    }

    TEST_CASE("a script whose interpreter is missing") {
        std::string folder = std::filesystem::temp_directory_path() / "pyasync-XXXXXX";
        REQUIRE(::mkdtemp(folder.data()) != nullptr);
        const std::string script = folder + "/script";
        std::ofstream(script) << "#!/nowhere/sh\n";
        std::filesystem::permissions(script, std::filesystem::perms::owner_all);
        on_a_loop([&]() -> task<> {
            CHECK(co_await error_of(command(script).start()) ==
                  "start " + script + " (its interpreter is missing): No such file or directory");
            CHECK(co_await error_of(command("./script").directory(folder).start()) ==
                  "start ./script in " + folder + " (its interpreter is missing): No such file or directory");
            CHECK(co_await error_of(command(script).directory("/nowhere").start()) ==
                  "start " + script + " in /nowhere: No such file or directory");
        });
        std::filesystem::remove_all(folder);
    }

    TEST_CASE("the descriptors run out, at whichever step") {
        on_a_loop([]() -> task<> {
            co_await command("true").run();
            const std::size_t before = open_descriptors();
            const int first_free = descriptor(::dup(STDIN_FILENO)).number();
            rlimit all{};
            REQUIRE(::getrlimit(RLIMIT_NOFILE, &all) == 0);
            command cat("cat");
            cat.stdin(stdio::piped()).stdout(stdio::piped());
            rlim_t more = 0;
            for (std::optional<process> started; !started; ++more) {
                const rlimit few{.rlim_cur = static_cast<rlim_t>(first_free) + more, .rlim_max = all.rlim_max};
                REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
                try {
                    started.emplace(co_await cat.start());
                } catch (const error& failed) {
                    CHECK(failed.code() == std::errc::too_many_files_open);
                }
                REQUIRE(::setrlimit(RLIMIT_NOFILE, &all) == 0);
                if (started) {
                    started->stdin().close();
                    CHECK((co_await started->wait()).success());
                } else {
                    CHECK(no_children());
                }
            }
            CHECK(more > 4);
            co_await command("true").run();
            CHECK(open_descriptors() == before);
        });
    }

    TEST_CASE("the task has been cancelled before") {
        on_a_loop([]() -> task<> {
            future<process> starting = launch(command("true").start(), *loop::current());
            starting.cancel();
            try {
                process running = co_await std::move(starting);
                co_await running.wait();  // it had begun already
            } catch (const cancelled&) {
            }
        });
    }
}

TEST_SUITE("a process") {
    TEST_CASE("is talked with") {
        on_a_loop([]() -> task<> {
            process cat = co_await waiting_command().start();
            CHECK(co_await cat.stdout().read_until("\n") == "started\n");
            co_await cat.stdin().write("hello\n");
            CHECK(co_await cat.stdout().read_until("\n") == "hello\n");
            co_await cat.stdin().write("bye");
            co_await cat.stdin().shutdown();
            CHECK(co_await cat.stdout().read_all() == "bye");
            CHECK((co_await cat.wait()).success());
        });
    }

    TEST_CASE("has ended for any number of waiters, then and later") {
        on_a_loop([]() -> task<> {
            process cat = co_await waiting_command().start();
            const auto await_end = [](process& awaited) -> task<exit_status> { co_return co_await awaited.wait(); };
            const auto end = [](process& ending) -> task<> {
                ending.stdin().close();
                co_return;
            };
            auto [first, second, nothing] = co_await when_all(await_end(cat), await_end(cat), end(cat));
            CHECK(first.success());
            CHECK(second.success());
            CHECK((co_await cat.wait()).success());
            CHECK((co_await cat.wait()).success());
        });
    }

    TEST_CASE("goes on when a wait for it is cancelled") {
        on_a_loop([]() -> task<> {
            process cat = co_await waiting_command().start();
            const auto await_end = [](process& awaited) -> task<exit_status> { co_return co_await awaited.wait(); };
            future<exit_status> first = launch(await_end(cat), *loop::current());
            future<exit_status> second = launch(await_end(cat), *loop::current());
            CHECK(co_await cat.stdout().read_until("\n") == "started\n");
            first.cancel();
            CHECK_THROWS_AS(co_await std::move(first), cancelled);
            co_await cat.stdin().write("still\n");
            CHECK(co_await cat.stdout().read_until("\n") == "still\n");
            cat.stdin().close();
            CHECK((co_await std::move(second)).success());
        });
    }

    TEST_CASE("is killed, by any signal") {
        on_a_loop([]() -> task<> {
            process polite = co_await waiting_command().start();
            polite.kill();
            CHECK(co_await polite.wait() == exit_status{.signal = SIGTERM});
            polite.kill();  // it has ended
            process any = co_await waiting_command().start();
            CHECK_THROWS_WITH_AS(
                any.kill(12345),
                ("send signal 12345 to /bin/sh (" + std::to_string(any.pid()) + "): Invalid argument").c_str(), error);
            any.kill(SIGUSR1);
            CHECK(co_await any.wait() == exit_status{.signal = SIGUSR1});
        });
    }

    TEST_CASE("handles a signal itself") {
        on_a_loop([]() -> task<> {
            command trap = shell("trap 'echo caught; exit 7' TERM; echo ready; read line");
            process running = co_await trap.stdin(stdio::piped()).stdout(stdio::piped()).start();
            CHECK(co_await running.stdout().read_until("\n") == "ready\n");
            running.kill();
            CHECK(co_await running.stdout().read_all() == "caught\n");
            CHECK(co_await running.wait() == exit_status{.code = 7});
        });
    }

    TEST_CASE("that does not read holds up who writes, and one that has ended is an error") {
        on_a_loop([]() -> task<> {
            process running = co_await waiting_command().start();
            const auto flood = [](pipe& into) -> task<> { co_await into.write(std::string(10'000'000, 'x')); };
            future<> writing = launch(flood(running.stdin()), *loop::current());
            CHECK(co_await running.stdout().read_until("\n") == "started\n");
            CHECK(co_await running.stdout().read_exactly(1000) == std::string(1000, 'x'));
            running.kill(SIGKILL);
            const std::string said =
                co_await error_of([](future<> failing) -> task<> { co_await std::move(failing); }(std::move(writing)));
            CHECK(said.starts_with("write to stdin of /bin/sh, of which "));
            CHECK(said.ends_with(" bytes had gone out: Broken pipe"));
        });
    }

    TEST_CASE("has only the pipes that were asked for") {
        on_a_loop([]() -> task<> {
            process running = co_await shell("exit").stdin(stdio::null()).start();
            CHECK_THROWS_AS(static_cast<void>(running.stdin()), misuse);
            CHECK_THROWS_AS(static_cast<void>(running.stdout()), misuse);
            co_await running.wait();
            const process moved = std::move(running);
            CHECK_THROWS_AS(static_cast<void>(running.wait()), misuse);
        });
    }

    TEST_CASE("belongs to its loop") {
        loop home;
        loop other;
        process running = wait_for(launch(waiting_command().start(), home));
        const auto await_end = [](process& awaited) -> task<exit_status> { co_return co_await awaited.wait(); };
        CHECK_THROWS_AS(wait_for(launch(await_end(running), other)), misuse);
        CHECK_THROWS_AS(running.kill(), misuse);
    }

    TEST_CASE("whose exit status somebody else has taken") {
        on_a_loop([]() -> task<> {
            process running = co_await waiting_command().start();
            const auto await_end = [](process& awaited) -> task<exit_status> { co_return co_await awaited.wait(); };
            future<exit_status> waiting = launch(await_end(running), *loop::current());
            ::kill(running.pid(), SIGKILL);
            REQUIRE(::waitpid(running.pid(), nullptr, 0) == running.pid());
            const std::string expected =
                "take the exit status of process " + std::to_string(running.pid()) + ": No child processes";
            CHECK_THROWS_WITH_AS(co_await std::move(waiting), expected.c_str(), error);
            CHECK_THROWS_WITH_AS(co_await running.wait(), expected.c_str(), error);
        });
    }
}

TEST_SUITE("one that is let go") {
    TEST_CASE("is killed and reaped, whoever waits for it is told") {
        pid_t pid = 0;
        on_a_loop([&]() -> task<> {
            auto running = std::make_unique<process>(co_await waiting_command().start());
            pid = running->pid();
            const auto await_end = [](process& awaited) -> task<exit_status> { co_return co_await awaited.wait(); };
            future<exit_status> waiting = launch(await_end(*running), *loop::current());
            CHECK(co_await running->stdout().read_until("\n") == "started\n");
            running.reset();
            CHECK_THROWS_AS(co_await std::move(waiting), error);
        });
        CHECK(is_gone(pid));
    }

    TEST_CASE("is told of its cancellation and its loss at once") {
        on_a_loop([]() -> task<> {
            auto running = std::make_unique<process>(co_await waiting_command().start());
            const auto await_end = [](process& awaited) -> task<exit_status> { co_return co_await awaited.wait(); };
            future<exit_status> waiting = launch(await_end(*running), *loop::current());
            CHECK(co_await running->stdout().read_until("\n") == "started\n");
            running.reset();
            waiting.cancel();
            CHECK_THROWS_AS(co_await std::move(waiting), error);
        });
    }

    TEST_CASE("by another thread") {
        pid_t pid = 0;
        {
            loop home;
            process running = wait_for(launch(waiting_command().start(), home));
            pid = running.pid();
        }
        CHECK(is_gone(pid));
        CHECK(no_children());
    }

    TEST_CASE("after its loop has stopped") {
        std::optional<process> running;
        {
            loop home;
            running.emplace(wait_for(launch(waiting_command().start(), home)));
            home.stop();
            CHECK_FALSE(is_gone(running->pid()));
            const pid_t pid = running->pid();
            running.reset();
            CHECK(is_gone(pid));
        }
        CHECK(no_children());
    }

    TEST_CASE("goes on, where it has been detached") {
        own_pipe orders;
        own_pipe answers;
        {
            loop home;
            wait_for(launch(
                [](int from, int to) -> task<> {
                    command cat("cat");
                    cat.stdin(stdio::descriptor(from)).stdout(stdio::descriptor(to));
                    process running = co_await cat.start();
                    std::move(running).detach();
                }(orders.reading.number(), answers.writing.number()),
                home));
            REQUIRE(::write(orders.writing.number(), "here\n", 5) == 5);
            CHECK(answers.read() == "here\n");
            orders.writing = descriptor();
        }
        orders.writing = descriptor();
        answers.writing = descriptor();
        CHECK(answers.read().empty());  // until it has ended
        // The loop may have stopped before it was reaped.
        while (::waitpid(-1, nullptr, 0) > 0) {
        }
    }

    TEST_CASE("with a stream of what never ends") {
        on_a_loop([]() -> task<> {
            process yes = co_await command("yes").stdout(stdio::piped()).start();
            for (int i = 0; i < 1000; ++i) CHECK(co_await yes.stdout().read_until("\n") == "y\n");
        });
    }
}

TEST_SUITE("many") {
    TEST_CASE("one after another, nothing stays open") {
        on_a_loop([]() -> task<> {
            co_await command("true").run();
            const std::size_t before = open_descriptors();
            constexpr int many = 2000;
            for (int i = 0; i < many; ++i) {
                process running = co_await command("true").stdin(stdio::piped()).stdout(stdio::piped()).start();
                if (!(co_await running.wait()).success()) FAIL("it has failed");
            }
            co_await command("true").run();
            CHECK(open_descriptors() == before);
        });
    }

    TEST_CASE("at once, on several loops") {
        constexpr int each = 100;
        const auto start_all = []() -> task<int> {
            std::vector<task<finished_process>> running;
            for (int i = 0; i < each; ++i) running.push_back(shell("exit " + std::to_string(i)).run());
            int right = 0;
            int i = 0;
            for (finished_process& one : co_await when_all(std::move(running))) right += one.status.code == i++ ? 1 : 0;
            co_return right;
        };
        {
            std::array<loop, 4> homes;
            std::vector<future<int>> running;
            for (loop& home : homes) running.push_back(launch(start_all(), home));
            for (future<int>& one : running) CHECK(wait_for(std::move(one)) == each);
        }
        CHECK(no_children());
    }
}

}  // namespace
}  // namespace pyasync::uv
