// tests/bench/net/load.cpp: many clients of an echo server, each of which sends its next message when it has the last one back.
// SPDX-License-Identifier: MIT
//
// usage: bench_net_load PORT CONNECTIONS SIZE; then, for each line of its standard input, which is a number of seconds, exchanges
// messages for so long and prints how many came back in a second. The connections stay. Each message is a line.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace {

int succeed(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::system_category(), what);
    return result;
}

void allow_many_descriptors() {
    rlimit limit{};
    succeed(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    succeed(::setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

class clients {
public:
    clients(int port, std::size_t number, std::size_t size)
        : message_(size - 1, 'x'), come_(number), epoll_(succeed(::epoll_create1(0), "epoll_create1")) {
        message_ += '\n';
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(port));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        for (std::size_t i = 0; i < number; ++i) {
            const int made = succeed(::socket(AF_INET, SOCK_STREAM, 0), "socket");
            succeed(::connect(made, reinterpret_cast<const sockaddr*>(&to), sizeof to), "connect");
            const int on = 1;
            ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            epoll_event wanted{};
            wanted.events = EPOLLIN;
            wanted.data.u64 = i;
            succeed(::epoll_ctl(epoll_, EPOLL_CTL_ADD, made, &wanted), "epoll_ctl");
            sockets_.push_back(made);
        }
    }

    /// Messages a second, from the first until the last one is back.
    double run(std::chrono::duration<double> length) {
        const auto begin = clock::now();
        const auto end = begin + std::chrono::duration_cast<clock::duration>(length);
        long done = 0;
        for (const int each : sockets_) send(each);
        std::array<epoll_event, 256> events{};
        for (std::size_t away = sockets_.size(); away > 0;) {
            const int count = succeed(::epoll_wait(epoll_, events.data(), events.size(), 10'000), "epoll_wait");
            if (count == 0) throw std::runtime_error("nothing came back for ten seconds");
            const bool again = clock::now() < end;
            for (int i = 0; i < count; ++i) {
                const std::size_t client = events.at(static_cast<std::size_t>(i)).data.u64;
                if (!receive(client)) continue;
                ++done;
                again ? send(sockets_[client]) : void(--away);
            }
        }
        return static_cast<double>(done) / std::chrono::duration<double>(clock::now() - begin).count();
    }

private:
    using clock = std::chrono::steady_clock;

    /// Whether the client has all of its message back.
    bool receive(std::size_t client) {
        static std::array<char, 65536> room;
        const int come = succeed(static_cast<int>(::recv(sockets_[client], room.data(), room.size(), 0)), "recv");
        if (come == 0) throw std::runtime_error("the server has ended a connection");
        come_[client] += static_cast<std::size_t>(come);
        if (come_[client] < message_.size()) return false;
        come_[client] = 0;
        return true;
    }

    void send(int socket) const {
        for (std::size_t sent = 0; sent < message_.size();) {
            sent += static_cast<std::size_t>(
                succeed(static_cast<int>(::send(socket, message_.data() + sent, message_.size() - sent, MSG_NOSIGNAL)),
                        "send"));
        }
    }

    std::string message_;
    std::vector<std::size_t> come_;
    std::vector<int> sockets_;
    int epoll_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fputs("usage: bench_net_load PORT CONNECTIONS SIZE\n", stderr);
        return 2;
    }
    try {
        allow_many_descriptors();
        clients all(std::atoi(argv[1]), static_cast<std::size_t>(std::atol(argv[2])),
                    static_cast<std::size_t>(std::atol(argv[3])));
        for (double seconds = 0; std::cin >> seconds;) {
            std::printf("%.0f\n", all.run(std::chrono::duration<double>(seconds)));
            std::fflush(stdout);
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_net_load: %s\n", error.what());
        return 1;
    }
}
