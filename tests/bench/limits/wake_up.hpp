// tests/bench/limits/wake_up.hpp: an eventfd, and the epoll in which its reader waits.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "limit.hpp"

namespace limits {

/// One thread signals, another waits, as event loops do.
class wake_up {
public:
    wake_up() {
        epoll_event interest{};
        interest.events = EPOLLIN;
        checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, event_, &interest), "epoll_ctl");
    }

    wake_up(const wake_up&) = delete;
    wake_up& operator=(const wake_up&) = delete;

    ~wake_up() {
        ::close(epoll_);
        ::close(event_);
    }

    void signal() const {
        const std::uint64_t one = 1;
        checked(::write(event_, &one, sizeof one), "write to an eventfd");
    }

    void wait() const {
        epoll_event event{};
        while (::epoll_wait(epoll_, &event, 1, -1) != 1) {
            if (errno != EINTR) throw std::system_error(errno, std::system_category(), "epoll_wait");
        }
        std::uint64_t signals = 0;
        checked(::read(event_, &signals, sizeof signals), "read from an eventfd");
    }

private:
    int event_ = checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
    int epoll_ = checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
};

}  // namespace limits
