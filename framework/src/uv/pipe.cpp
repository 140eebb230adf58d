// framework/src/uv/pipe.cpp: Unix domain sockets.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/pipe.hpp>

#include <sys/epoll.h>
#include <sys/un.h>
#include <uv.h>

#include <cerrno>
#include <utility>

#include <pyasync/core/misuse.hpp>

#include "connecting.hpp"
#include "listener_handle.hpp"
#include "pipe_handle.hpp"

namespace pyasync::uv {
namespace detail {

pipe_handle::pipe_handle(std::string peer) : peer_(std::move(peer)) {
    check(uv_pipe_init(home().raw(), &raw_, 0), "uv_pipe_init");
    opened();
}

int pipe_handle::connect(uv_connect_t* request, uv_connect_cb done) noexcept {
    if (peer_.find('\0') != std::string::npos) return UV_EINVAL;  // libuv would cut it
    if (peer_.size() >= sizeof(sockaddr_un::sun_path)) return UV_ENAMETOOLONG;
    uv_pipe_connect(request, &raw_, peer_.c_str(), done);
    return 0;
}

}  // namespace detail

task<pipe> pipe::connect(std::string path) {
    co_await detail::at_home();
    pipe made{detail::owned<detail::stream_handle>(new detail::pipe_handle(std::move(path)))};
    co_await detail::connecting{&made.handle()};
    co_return made;
}

task<listener<pipe>> pipe::listen(std::string path, int backlog) {
    co_await detail::at_home();
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    if (path.find('\0') != std::string::npos) throw error(UV_EINVAL, "listen at \"" + path + "\"");
    if (path.empty() || path.size() >= sizeof at.sun_path) throw error(UV_ENAMETOOLONG, "listen at \"" + path + "\"");
    path.copy(at.sun_path, path.size());
    const detail::listen_request how{
        .at = reinterpret_cast<const sockaddr*>(&at), .size = sizeof at, .name = path, .backlog = backlog};
    detail::descriptor socket = detail::listen_at(how);
    auto file = std::make_shared<const detail::socket_file>(path);
    co_return listener<pipe>(detail::owned<detail::handle>(
        new detail::listener_handle(std::move(socket), std::move(path), std::move(file))));
}

namespace {

/// Files and directories cannot; libuv would end the process at the first read. What is wrong otherwise is for libuv to tell.
bool can_be_polled(const uv_loop_t& by, int descriptor) noexcept {
    const int poll = uv_backend_fd(&by);
    epoll_event wanted{};
    if (::epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &wanted) < 0) return errno != EPERM;
    ::epoll_ctl(poll, EPOLL_CTL_DEL, descriptor, nullptr);
    return true;
}

}  // namespace

pipe pipe::adopt(int descriptor, std::string name) {
    if (loop::current() == nullptr) throw misuse("pyasync: pipe::adopt is called on a loop's thread");
    auto* const handle = new detail::pipe_handle(std::move(name));
    pipe made{detail::owned<detail::stream_handle>(handle)};
    if (!can_be_polled(*handle->home().raw(), descriptor)) {
        throw error(UV_EINVAL, "take over " + handle->peer() + ", which is no pipe, socket or terminal");
    }
    detail::check(uv_pipe_open(&handle->raw(), descriptor), "take over a pipe");
    return made;
}

pipe pipe::adopt(detail::accepted come) {
    pipe made = adopt(come.socket.number(), "a client");
    static_cast<void>(come.socket.release());
    return made;
}

}  // namespace pyasync::uv
