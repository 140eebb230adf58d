// tests/bench/net/load.cpp: many clients of an echo server, each of which sends its next message when it has the last one back.
// SPDX-License-Identifier: MIT
//
// usage: bench_net_load PORT CONNECTIONS SIZE SECONDS; prints how many messages came back in a second. Each is a line.
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

    /// Messages a second.
    double run(std::chrono::duration<double> length) {
        using clock = std::chrono::steady_clock;
        for (const int each : sockets_) send(each);
        exchange_until(clock::now() + length / 4);  // to get under way
        done_ = 0;
        const auto begin = clock::now();
        exchange_until(begin + length);
        return static_cast<double>(done_) / std::chrono::duration<double>(clock::now() - begin).count();
    }

private:
    template <typename Time>
    void exchange_until(Time end) {
        std::array<epoll_event, 256> events{};
        while (std::chrono::steady_clock::now() < end) {
            const int count = succeed(::epoll_wait(epoll_, events.data(), events.size(), 1000), "epoll_wait");
            for (int i = 0; i < count; ++i) receive(events.at(static_cast<std::size_t>(i)).data.u64);
        }
    }

    void receive(std::size_t client) {
        static std::array<char, 65536> room;
        const int come = succeed(static_cast<int>(::recv(sockets_[client], room.data(), room.size(), 0)), "recv");
        if (come == 0) throw std::runtime_error("the server has ended a connection");
        come_[client] += static_cast<std::size_t>(come);
        if (come_[client] < message_.size()) return;
        come_[client] = 0;
        ++done_;
        send(sockets_[client]);
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
    long done_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fputs("usage: bench_net_load PORT CONNECTIONS SIZE SECONDS\n", stderr);
        return 2;
    }
    try {
        allow_many_descriptors();
        clients all(std::atoi(argv[1]), static_cast<std::size_t>(std::atol(argv[2])),
                    static_cast<std::size_t>(std::atol(argv[3])));
        std::printf("%.0f\n", all.run(std::chrono::duration<double>(std::atof(argv[4]))));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_net_load: %s\n", error.what());
        return 1;
    }
}
