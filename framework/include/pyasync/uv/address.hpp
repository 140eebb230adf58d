// framework/include/pyasync/uv/address.hpp: an IP address and a port.
// SPDX-License-Identifier: MIT
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace pyasync::uv {

/// The address of one end of a connection: IPv4 or IPv6, with a port. A value of 28 bytes.
///
///     pyasync::uv::address("::1", 8080).to_string()  // "[::1]:8080"
class address {
public:
    /// No address: `family()` is AF_UNSPEC.
    address() noexcept : value_{} {}

    /// `ip` in numbers, "127.0.0.1" or "fe80::1%eth0"; throws `uv::error` where it is not (names are for
    /// `getaddrinfo`), and ENODEV where there is no such interface.
    address(std::string_view ip, std::uint16_t port);

    /// What the system gives: a `sockaddr_in` or a `sockaddr_in6`; of any other kind, no address.
    explicit address(const sockaddr& raw) noexcept;

    [[nodiscard]] int family() const noexcept { return value_.any.sa_family; }
    [[nodiscard]] std::uint16_t port() const noexcept;
    /// In numbers, without the port.
    [[nodiscard]] std::string ip() const;
    /// "127.0.0.1:8080", "[::1]:8080".
    [[nodiscard]] std::string to_string() const;

    /// The same host, another port.
    [[nodiscard]] address with_port(std::uint16_t port) const noexcept;

    /// For libuv and the system.
    [[nodiscard]] const sockaddr* raw() const noexcept { return &value_.any; }

    friend bool operator==(const address& a, const address& b) noexcept {
        return std::memcmp(&a.value_, &b.value_, sizeof a.value_) == 0;
    }

private:
    union {
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6;
    } value_;
};

}  // namespace pyasync::uv
