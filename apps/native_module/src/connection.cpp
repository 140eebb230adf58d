// apps/native_module/src/connection.cpp: libuv's callbacks.
// SPDX-License-Identifier: MIT
#include "connection.hpp"

#include <uv.h>

#include <array>
#include <memory>
#include <utility>

#include <pyasync/core/promise.hpp>
#include <pyasync/uv/error.hpp>
#include <pyasync/uv/loop.hpp>

namespace native {
namespace {

void end(const pyasync::promise<>& done, int status, const char* what) {
    if (status >= 0) {
        done.set_value();
    } else {
        done.set_exception(std::make_exception_ptr(pyasync::uv::error(status, what)));
    }
}

/// A request to libuv, which lives until its callback.
template <typename Raw>
struct request {
    Raw raw{};
    pyasync::promise<> done;
    std::string text;

    static std::unique_ptr<request> of(Raw* raw) { return std::unique_ptr<request>(static_cast<request*>(raw->data)); }
};

}  // namespace

struct connection::handle {
    uv_tcp_t tcp{};
    std::array<char, 65536> room{};
    pyasync::promise<std::string> received;

    uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&tcp); }

    static handle& of(void* data) { return *static_cast<handle*>(data); }
    static void lend(uv_handle_t* tcp, std::size_t, uv_buf_t* lent) {
        handle& mine = of(tcp->data);
        *lent = uv_buf_init(mine.room.data(), static_cast<unsigned>(mine.room.size()));
    }
    static void arrived(uv_stream_t* tcp, ssize_t size, const uv_buf_t*) {
        if (size == 0) return;
        handle& mine = of(tcp->data);
        uv_read_stop(tcp);
        if (size > 0) {
            mine.received.set_value(mine.room.data(), static_cast<std::size_t>(size));
        } else {
            const int status = size == UV_EOF ? UV_ECONNRESET : static_cast<int>(size);
            mine.received.set_exception(std::make_exception_ptr(pyasync::uv::error(status, "read")));
        }
    }
};

connection::connection() : handle_(new handle) {
    handle_->tcp.data = handle_;
    uv_tcp_init(pyasync::uv::loop::current()->raw(), &handle_->tcp);
}

connection::~connection() {
    uv_close(reinterpret_cast<uv_handle_t*>(&handle_->tcp), [](uv_handle_t* tcp) { delete &handle::of(tcp->data); });
}

pyasync::future<> connection::connect(const std::string& host, std::uint16_t port) {
    auto asked = std::make_unique<request<uv_connect_t>>();
    pyasync::future<> done = asked->done.get_future();
    sockaddr_in address{};
    int status = uv_ip4_addr(host.c_str(), port, &address);
    if (status == 0) {
        asked->raw.data = asked.get();
        status = uv_tcp_connect(
            &asked->raw, &handle_->tcp, reinterpret_cast<sockaddr*>(&address),
            [](uv_connect_t* raw, int result) { end(request<uv_connect_t>::of(raw)->done, result, "connect"); });
    }
    if (status < 0) {
        end(asked->done, status, ("connect to " + host).c_str());
    } else {
        static_cast<void>(asked.release());
    }
    return done;
}

pyasync::future<> connection::write(std::string text) {
    auto asked = std::make_unique<request<uv_write_t>>();
    pyasync::future<> done = asked->done.get_future();
    asked->raw.data = asked.get();
    asked->text = std::move(text);
    const uv_buf_t content = uv_buf_init(asked->text.data(), static_cast<unsigned>(asked->text.size()));
    const int status = uv_write(&asked->raw, handle_->stream(), &content, 1, [](uv_write_t* raw, int result) {
        end(request<uv_write_t>::of(raw)->done, result, "write");
    });
    if (status < 0) {
        end(asked->done, status, "write");
    } else {
        static_cast<void>(asked.release());
    }
    return done;
}

pyasync::future<std::string> connection::read() {
    handle_->received = pyasync::promise<std::string>();
    pyasync::future<std::string> next = handle_->received.get_future();
    const int status = uv_read_start(handle_->stream(), &handle::lend, &handle::arrived);
    if (status < 0) handle_->received.set_exception(std::make_exception_ptr(pyasync::uv::error(status, "read")));
    return next;
}

}  // namespace native
