// apps/downloader/http.hpp: as much of HTTP/1.1 as it takes to get a file.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <pyasync/pyasync.hpp>

namespace http {

/// Where something is: `http://host[:port]/path`.
class url {
public:
    /// Throws `std::invalid_argument` for what is no such thing.
    explicit url(std::string_view text);

    [[nodiscard]] const std::string& host() const noexcept { return host_; }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    /// With the query, as a request has it.
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// The host and the port, as a request has them.
    [[nodiscard]] std::string authority() const;
    /// What to call the file: the path's last part, or `index.html`.
    [[nodiscard]] std::string file_name() const;

private:
    std::string host_;
    std::uint16_t port_ = 80;
    std::string path_ = "/";
};

/// What a server has answered: its head has come, its body is read piece by piece.
///
///     auto answer = co_await http::response::get(where);
///     while (const std::size_t size = co_await answer.read_some(room)) ...
///
/// Each wait can be cancelled, by a timeout for one. Errors: `uv::error` from the network, and `std::runtime_error` for
/// an answer that is none, is another one than "200 OK", or ends too early.
class response {
public:
    [[nodiscard]] static pyasync::task<response> get(url from);

    /// How long the body is, where the server has told so.
    [[nodiscard]] std::optional<std::uint64_t> length() const noexcept { return length_; }

    /// What comes next of the body; 0 at its end.
    [[nodiscard]] pyasync::task<std::size_t> read_some(pyasync::uv::mutable_buffer room);

private:
    response(pyasync::uv::tcp connection, std::optional<std::uint64_t> length)
        : connection_(std::move(connection)), length_(length) {}

    pyasync::uv::tcp connection_;
    std::optional<std::uint64_t> length_;
    std::uint64_t come_ = 0;
};

}  // namespace http
