// tests/uv/faults/scenarios.cpp: connections, datagrams, files, processes, signals, terminals, loops.
// SPDX-License-Identifier: MIT
#include "scenarios.hpp"

#include <pty.h>
#include <uv.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <pyasync/core/when_all.hpp>
#include <pyasync/uv/command.hpp>
#include <pyasync/uv/file.hpp>
#include <pyasync/uv/interval.hpp>
#include <pyasync/uv/paths.hpp>
#include <pyasync/uv/pipe.hpp>
#include <pyasync/uv/process.hpp>
#include <pyasync/uv/scandir.hpp>
#include <pyasync/uv/signals.hpp>
#include <pyasync/uv/sleep.hpp>
#include <pyasync/uv/tcp.hpp>
#include <pyasync/uv/timeout.hpp>
#include <pyasync/uv/tty.hpp>
#include <pyasync/uv/udp.hpp>
#include <pyasync/uv/watch.hpp>

#include "support/launch.hpp"
#include "support/occupied_pool.hpp"
#include "support/run_on.hpp"
#include "support/temporary_folder.hpp"
#ifdef PYASYNC_TEST_TLS
#include "../tls_ends.hpp"
#endif

namespace pyasync::test::faults {
namespace {

using namespace std::chrono_literals;
using namespace pyasync::uv;
using pyasync::uv::detail::descriptor;
using uv::tcp;

const address any_port("127.0.0.1", 0);

/// What was not to be: neither a success nor an error that anybody was told of.
void require(bool right, const char* what) {
    if (!right) throw std::logic_error(what);
}

// ---- Connections: what is sent comes back, though the other side begins to read late and has little room. ----

const std::string sent(200'000, 'x');

template <typename Stream>
task<> echo(Stream& peer) {
    std::array<char, 16384> room{};
    while (const std::size_t size = co_await peer.read_some(room)) {
        co_await peer.write(std::string_view(room.data(), size));
    }
    co_await peer.shutdown();
}

template <typename Stream>
task<> serve(listener<Stream>& at) {
    Stream peer = co_await at.accept();
    co_await sleep(2ms);
    co_await echo(peer);
}

template <typename Stream>
task<> send_all(Stream& peer) {
    co_await peer.write(std::string_view(sent).substr(0, 7), std::string_view(sent).substr(7));
    co_await peer.shutdown();
}

template <typename Stream>
task<> talk_on(Stream& peer) {
    auto [nothing, back] = co_await when_all(send_all(peer), peer.read_all());
    require(back == sent, "the echo is something else");
}

template <typename Stream>
task<> talk(Stream peer) {
    int little = 8192;
    uv_send_buffer_size(reinterpret_cast<uv_handle_t*>(peer.raw()), &little);
    co_await talk_on(peer);
}

task<> talk_to(address server) {
    tcp peer = co_await tcp::connect(server);
    peer.no_delay(false);
    peer.keep_alive(60s);
    require(peer.local_address().port() != 0, "a connection has no address of its own");
    co_await talk(std::move(peer));
}

task<> echo_by_tcp() {
    auto server = co_await tcp::listen(any_port);
    co_await when_all(serve(server), talk_to(server.local_address()));
}

task<> talk_by_path(std::string path) { co_await talk(co_await pipe::connect(std::move(path))); }

task<> echo_by_pipe() {
    const temporary_folder folder;
    auto server = co_await pipe::listen(folder / "socket");
    co_await when_all(serve(server), talk_by_path(folder / "socket"));
}

task<> talk_by_name(std::uint16_t port) { co_await talk(co_await tcp::connect("localhost", port)); }

task<> echo_by_name() {
    auto server = co_await tcp::listen(any_port);
    co_await when_all(serve(server), talk_by_name(server.local_address().port()));
}

task<> serve_on_two_loops(loop& second) {
    auto server = co_await tcp::listen(any_port);
    auto shared = co_await launch(server.share(), second);
    co_await when_all(serve(server), launch(serve(shared), second), talk_to(server.local_address()),
                      talk_to(server.local_address()));
}

// ---- Datagrams. ----

task<std::string> next_text(udp& socket) {
    std::array<char, 100> room{};
    const datagram come = co_await socket.receive_from(room);
    co_return std::string(room.data(), come.size);
}

task<> datagrams() {
    udp one = co_await udp::bind(any_port, {.reuse_address = true, .reuse_port = true});
    udp other = co_await udp::connect(one.local_address());
    one.set_broadcast(true);
    one.set_multicast_ttl(1);
    one.set_multicast_loop(true);
    one.set_multicast_interface(address("127.0.0.1", 0));
    one.join(address("239.1.2.3", 0), address("127.0.0.1", 0));
    one.leave(address("239.1.2.3", 0), address("127.0.0.1", 0));
    co_await when_all(other.send("a"), other.send("b"));
    require(co_await next_text(one) == "a", "the first datagram is lost");
    require(co_await next_text(one) == "b", "the second datagram is lost");
    require(other.local_address().port() != 0, "a socket has no address");
    co_await one.send_to("c", other.local_address());
    require(co_await next_text(other) == "c", "the answer is lost");
    require(address("::1", 1).to_string() == "[::1]:1", "an address is written otherwise");
}

task<> send_to_nobody(udp& socket) {
    try {
        co_await socket.send("x");
    } catch (const error&) {
    }
}

/// The system reports that nobody listens while two wait for room: the second one waits on.
task<> datagrams_to_nobody() {
    udp gone = co_await udp::bind(any_port);
    udp socket = co_await udp::connect(gone.local_address());
    gone.close();
    co_await socket.send("x");
    co_await when_all(send_to_nobody(socket), send_to_nobody(socket));
}

// ---- Files. ----

task<> open_files() {
    const temporary_folder folder;
    const auto path = folder / "a";
    co_await write_file(path, "hello");
    require(co_await read_file(path) == "hello", "a file holds something else");
    file both = co_await file::open(path, open_mode::read | open_mode::write);
    co_await both.write_at(1, "u", "ll");
    std::array<char, 4> room{};
    require(co_await both.read_at(0, room) == 4, "a file is shorter");
    require(std::string_view(room.data(), 4) == "hull", "a file holds something else");
    co_await both.truncate(2);
    co_await both.fsync();
    co_await both.fdatasync();
    const file_status status = co_await both.stat();
    require(status.size == 2, "a file has another size");
    co_await both.close();
    require(!both.is_open(), "a closed file is open");
    file left_open = co_await mkstemp(folder / "b");
    co_await left_open.write("x");
}

task<> paths() {
    const temporary_folder folder;
    const auto path = folder / "file";
    co_await write_file(path, "x");
    co_await mkdirs(folder / "some" / "where");
    co_await mkdir(folder / "here");
    co_await uv::copy_file(path, folder / "here" / "copy");
    co_await chmod(path, 0600);
    co_await uv::rename(path, folder / "renamed");
    co_await symlink("renamed", path);
    require(co_await readlink(path) == "renamed", "a link says something else");
    require((co_await realpath(path)).filename() == "renamed", "a link leads elsewhere");
    const file_status link = co_await lstat(path);
    require(link.is_symlink(), "a link is none");
    const file_status status = co_await stat(path);
    require(status.size == 1, "a file has another size");
    const auto made = co_await mkdtemp(folder / "temporary");
    co_await rmdir(made);
    co_await unlink(path);
    int found = 0;
    auto entries = scandir(folder.path());
    while (const auto entry = co_await entries.next()) ++found;
    require(found == 3, "a directory holds something else");
    auto not_read_to_its_end = scandir(folder.path());
    static_cast<void>(co_await not_read_to_its_end.next());
}

task<> changes() {
    const temporary_folder folder;
    const auto path = folder / "file";
    fill(path, "x");
    watcher watching = co_await watch(std::filesystem::relative(path));
    fill(folder / "other", "y");
    std::filesystem::rename(folder / "other", path);
    require((co_await watching.next()).has_value(), "what has taken a file's place is not seen");
    std::filesystem::remove(path);
    while (co_await watching.next()) {
    }
}

// ---- Processes, signals, terminals. ----

task<> processes() {
    const finished_process cat = co_await command("sh", "-c", "cat; echo done >&2; exit 3").run(sent);
    require(cat.out == sent && cat.err == "done\n" && cat.status.code == 3, "a process does something else");
    process sleeping = co_await command("sleep", "100").stdin(stdio::piped()).stdout(stdio::piped()).start();
    sleeping.kill(SIGKILL);
    require((co_await sleeping.wait()).signal == SIGKILL, "a process has ended by something else");
    process forgotten = co_await command("sleep", "100").stdin(stdio::piped()).start();
}

task<> signals_come() {
    signals watched = co_await signals::watch(SIGUSR1, SIGUSR2);
    signals also = co_await signals::watch(SIGUSR1);
    ::kill(::getpid(), SIGUSR2);
    require(co_await watched.next() == SIGUSR2, "another signal");
    ::kill(::getpid(), SIGUSR1);
    require(co_await watched.next() == SIGUSR1, "another signal");
    require(co_await also.next() == SIGUSR1, "another signal");
}

task<> terminals() {
    int master = -1;
    int slave = -1;
    const winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
    if (::openpty(&master, &slave, nullptr, nullptr, &size) != 0) throw error(-errno, "openpty");
    const descriptor person(master);
    const descriptor terminal(slave);
    tty screen = co_await tty::open(terminal.number());
    screen.set_mode(tty_mode::raw);
    require(screen.size().columns == 80, "a terminal has another size");
    require(::write(person.number(), "k", 1) == 1, "a key cannot be typed");
    std::array<char, 4> key{};
    require(co_await screen.read_some(key) == 1, "a key does not come");
    co_await screen.write("shown");
    screen.set_mode(tty_mode::normal);
    tty other_end = co_await tty::open(person.number());
    require(co_await other_end.read_some(key) > 0, "nothing is shown");
}

// ---- Time, libuv's pool, loops. ----

task<> time_passes() {
    co_await sleep(1ms);
    interval ticking(1ms);
    for (int i = 0; i < 3; ++i) co_await ticking.tick();
    try {
        co_await timeout(1ms, sleep(1h));
        require(false, "a timeout does not come");
    } catch (const timed_out&) {
    }
}

task<> blocking_jobs() {
    loop& home = *loop::current();
    require(co_await blocking([] { return 7; }, home) == 7, "a job gives something else");
    const auto slow = [] { ::usleep(2000); };
    for (int i = 0; i < 3; ++i) {
        try {
            co_await timeout(1ms, blocking(slow, home));
        } catch (const timed_out&) {
        }
    }
    try {
        // More than the pool has threads, so that some have not begun.
        co_await timeout(1ms, when_all(blocking(slow, home), blocking(slow, home), blocking(slow, home),
                                       blocking(slow, home), blocking(slow, home), blocking(slow, home)));
    } catch (const timed_out&) {
    }
}

#ifdef PYASYNC_TEST_TLS
task<> echo_and_finish(tls& peer) {
    co_await echo(peer);
    static_cast<void>(co_await peer.finish(1s));
}

task<> echo_by_tls() {
    auto [server, client] = co_await uv::test::connected();
    co_await when_all(echo_and_finish(server), talk_on(client));
}
#endif

template <auto Body>
void on_a_loop() {
    loop home;
    begin();
    wait_for(launch(Body(), home));
}

/// They send each other what is let go of elsewhere: so none goes before both have stopped.
struct two_loops {
    ~two_loops() {
        first.stop();
        second.stop();
    }
    loop first;
    loop second;
};

void on_two_loops() {
    two_loops both;
    begin();
    wait_for(launch(serve_on_two_loops(both.second), both.first));
}

void start_a_loop() {
    begin();
    loop made;
    run_on(made, [] {});
}

}  // namespace

std::span<const scenario> scenarios() {
    static const std::vector<scenario> all{
        {"a loop starts", &start_a_loop, {}, true},
        {"tcp", &on_a_loop<&echo_by_tcp>, {}},
        {"tcp by name", &on_a_loop<&echo_by_name>, {}},
        {"a listener of two loops", &on_two_loops, {}},
        {"pipe", &on_a_loop<&echo_by_pipe>, {}},
        {"udp", &on_a_loop<&datagrams>, {{place_of("uv_udp_try_send"), 1, way::again}}},
        {"udp to nobody",
         &on_a_loop<&datagrams_to_nobody>,
         {{place_of("uv_udp_try_send"), 2, way::again}, {place_of("uv_udp_try_send"), 4, way::again}}},
        {"files", &on_a_loop<&open_files>, {}},
        {"paths", &on_a_loop<&paths>, {}},
        {"changes", &on_a_loop<&changes>, {}},
        {"processes", &on_a_loop<&processes>, {}},
        {"signals", &on_a_loop<&signals_come>, {}},
        {"terminals", &on_a_loop<&terminals>, {}},
        {"time", &on_a_loop<&time_passes>, {}},
        {"libuv's pool", &on_a_loop<&blocking_jobs>, {}},
#ifdef PYASYNC_TEST_TLS
        {"tls", &on_a_loop<&echo_by_tls>, {}},
#endif
    };
    return all;
}

}  // namespace pyasync::test::faults
