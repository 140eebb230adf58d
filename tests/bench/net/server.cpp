// tests/bench/net/server.cpp: pyasync's echo servers: one in C++ alone, one whose lines a Python coroutine answers.
// SPDX-License-Identifier: MIT
//
// usage: bench_net_server [python]; prints its port.
#include <sys/resource.h>

#include <array>
#include <cstdio>
#include <string>

#include <pyasync/pyasync.hpp>
#include <pyasync/uv/tcp.hpp>

namespace uv = pyasync::uv;

namespace {

/// As the peer: one room for all connections, and a copy only of what the kernel does not take.
pyasync::task<> echo(uv::tcp peer) {
    static std::array<char, 65536> room;
    try {
        while (const std::size_t size = co_await peer.read_some(room)) {
            const std::string_view come(room.data(), size);
            const std::size_t written = peer.try_write(come);
            if (written == size) continue;
            const std::string rest(come.substr(written));
            co_await peer.write(rest);
        }
    } catch (const uv::error&) {  // the other side has gone
    }
}

pyasync::task<> answered(uv::tcp peer) {
    try {
        while (auto line = co_await peer.read_until("\n")) {
            co_await peer.write(co_await pyasync::call<std::string>("answers:answer", std::move(*line)));
        }
    } catch (const uv::error&) {  // the other side has gone
    }
}

pyasync::task<> serve(pyasync::arguments arguments) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    const bool by_python = arguments.size() > 1 && arguments[1] == "python";
    auto server = co_await uv::tcp::listen({"127.0.0.1", 0});
    std::printf("%d\n", server.local_address().port());
    std::fflush(stdout);
    co_await pyasync::with_task_group([&](pyasync::task_group& group) -> pyasync::task<> {
        for (;;) {
            uv::tcp peer = co_await server.accept();
            group.spawn(by_python ? answered(std::move(peer)) : echo(std::move(peer)));
        }
    });
}

}  // namespace

PYASYNC_MAIN(serve)
