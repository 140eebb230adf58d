// framework/src/uv/listener_handle.hpp: a listening socket on one loop, and the tasks that wait for connections.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <memory>
#include <string>
#include <utility>

#include <pyasync/uv/listener.hpp>

namespace pyasync::uv::detail {

/// The file that a socket was bound to: unlinked with the last listener, unless another one has taken its place.
class socket_file {
public:
    explicit socket_file(std::string path) noexcept : path_(std::move(path)) { is_there_ = look(found_); }
    socket_file(const socket_file&) = delete;
    socket_file& operator=(const socket_file&) = delete;
    ~socket_file() {
        struct stat now{};
        if (is_there_ && look(now) && now.st_dev == found_.st_dev && now.st_ino == found_.st_ino)
            ::unlink(path_.c_str());
    }

private:
    [[nodiscard]] bool look(struct stat& into) const noexcept { return ::lstat(path_.c_str(), &into) == 0; }

    std::string path_;
    struct stat found_{};
    bool is_there_ = false;
};

/// What is polled while tasks wait; what nobody waits for stays in the kernel's queue. (libuv's uv_listen accepts by
/// itself, and does not come back from that when the descriptors have run out in several threads at once.)
class listener_handle final : public handle {
public:
    listener_handle(descriptor socket, std::string name, std::shared_ptr<const socket_file> file);

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] address local_address() const noexcept;
    /// One more, on the loop that runs on this thread. Any thread.
    [[nodiscard]] owned<handle> share_here() const;

    /// Loop thread: whoever waits gets the next connection, in turn.
    [[nodiscard]] int wait(accept_wait& waiter) noexcept;
    /// Loop thread: it waits no more.
    void withdraw(accept_wait& waiter) noexcept { waiters_.remove(waiter); }

private:
    [[nodiscard]] uv_handle_t* raw_handle() noexcept override { return reinterpret_cast<uv_handle_t*>(&raw_); }
    void closes() noexcept override;
    static void ready(uv_poll_t* raw, int status, int events) noexcept;
    void serve(int status) noexcept;
    /// A descriptor, or one of libuv's codes.
    [[nodiscard]] int accept_one(accepted& into) const noexcept;

    descriptor socket_;
    std::string name_;
    std::shared_ptr<const socket_file> file_;
    uv_poll_t raw_{};
    bool polling_ = false;
    operation_queue<accept_wait> waiters_;
};

/// How a socket is to listen.
struct listen_request {
    const sockaddr* at;
    socklen_t size;
    std::string name;
    int backlog;
    bool reuse_port = false;
    bool ipv6_only = false;
};

/// No address, where it is bound to none.
[[nodiscard]] address local_address_of(const descriptor& socket) noexcept;

/// A bound socket that listens; throws `error`.
[[nodiscard]] descriptor listen_at(const listen_request& how);

}  // namespace pyasync::uv::detail
