// tests/bench/net/libuv_server.cpp: the echo server as one writes it with libuv alone: the limit.
// SPDX-License-Identifier: MIT
//
// It writes at once what it has read, out of one buffer that all connections share, and keeps a copy only of what the kernel does
// not take. Prints its port.
#include <sys/resource.h>
#include <uv.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

struct write_request {
    uv_write_t raw{};
    char* bytes = nullptr;
};

std::array<char, 65536> room;

void drop(uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); }

void on_read(uv_stream_t* peer, ssize_t size, const uv_buf_t*) {
    if (size < 0) {
        uv_close(reinterpret_cast<uv_handle_t*>(peer), &drop);
        return;
    }
    uv_buf_t all = uv_buf_init(room.data(), static_cast<unsigned>(size));
    const int tried = uv_try_write(peer, &all, 1);
    const auto written = static_cast<std::size_t>(tried < 0 ? 0 : tried);
    if (written == all.len) return;
    auto* const request = new write_request;
    const std::size_t left = all.len - written;
    request->bytes = static_cast<char*>(std::malloc(left));
    std::memcpy(request->bytes, room.data() + written, left);
    const uv_buf_t rest = uv_buf_init(request->bytes, static_cast<unsigned>(left));
    uv_write(&request->raw, peer, &rest, 1, [](uv_write_t* raw, int) {
        auto* const over = reinterpret_cast<write_request*>(raw);
        std::free(over->bytes);
        delete over;
    });
}

void on_connection(uv_stream_t* server, int status) {
    if (status < 0) return;
    auto* const peer = new uv_tcp_t;
    uv_tcp_init(server->loop, peer);
    auto* const stream = reinterpret_cast<uv_stream_t*>(peer);
    if (uv_accept(server, stream) < 0) return uv_close(reinterpret_cast<uv_handle_t*>(peer), &drop);
    uv_tcp_nodelay(peer, 1);
    const auto give_room = [](uv_handle_t*, std::size_t, uv_buf_t* into) {
        *into = uv_buf_init(room.data(), static_cast<unsigned>(room.size()));
    };
    uv_read_start(stream, give_room, &on_read);
}

}  // namespace

int main() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    uv_loop_t* const loop = uv_default_loop();
    uv_tcp_t server;
    uv_tcp_init(loop, &server);
    sockaddr_in at{};
    uv_ip4_addr("127.0.0.1", 0, &at);
    uv_tcp_bind(&server, reinterpret_cast<const sockaddr*>(&at), 0);
    uv_listen(reinterpret_cast<uv_stream_t*>(&server), 1024, &on_connection);
    int size = sizeof at;
    uv_tcp_getsockname(&server, reinterpret_cast<sockaddr*>(&at), &size);
    std::printf("%d\n", ntohs(at.sin_port));
    std::fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT);
}
