// apps/native_module/src/connection.hpp: a TCP connection of libuv's, whose callbacks complete promises.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include <pyasync/core/future.hpp>

namespace native {

/// A connection of the libuv loop that it is made on; to be used in a task, one operation at a time.
///
/// An operation that is cancelled is left to itself; the connection is closed with this object, and so is what is under
/// way on it. Errors are `pyasync::uv::error`.
class connection {
public:
    connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection();

    pyasync::future<> connect(const std::string& host, std::uint16_t port);
    pyasync::future<> write(std::string text);
    /// What has come, at least a byte; `ECONNRESET` at the end.
    pyasync::future<std::string> read();

private:
    struct handle;
    handle* handle_;  ///< closes itself when libuv is done with it
};

}  // namespace native
