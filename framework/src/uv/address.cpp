// framework/src/uv/address.cpp: addresses in words and in the system's form.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/address.hpp>

#include <arpa/inet.h>
#include <net/if.h>
#include <uv.h>

#include <array>
#include <charconv>
#include <system_error>

#include <pyasync/uv/error.hpp>

namespace pyasync::uv {

address::address(std::string_view ip, std::uint16_t port) : address() {
    const std::string text(ip);
    const auto require = [&text](int status) {
        if (status < 0) throw error(status, "\"" + text + "\" as an IP address");
    };
    require(ip.find('\0') == ip.npos ? 0 : UV_EINVAL);  // libuv would look no further
    if (uv_ip4_addr(text.c_str(), port, &value_.v4) == 0) return;
    std::memset(&value_, 0, sizeof value_);
    require(uv_ip6_addr(text.c_str(), port, &value_.v6));
    const std::size_t zone = text.find('%');
    if (zone == text.npos || value_.v6.sin6_scope_id != 0) return;
    // libuv takes no numbers, and says nothing of names that there are not.
    const char* const end = text.data() + text.size();
    const auto [last, failure] = std::from_chars(text.data() + zone + 1, end, value_.v6.sin6_scope_id);
    require(failure == std::errc() && last == end && value_.v6.sin6_scope_id != 0 ? 0 : UV_ENODEV);
}

address::address(const sockaddr& raw) noexcept : address() {
    if (raw.sa_family == AF_INET) {
        std::memcpy(&value_.v4, &raw, sizeof value_.v4);
        std::memset(value_.v4.sin_zero, 0, sizeof value_.v4.sin_zero);
    } else if (raw.sa_family == AF_INET6) {
        std::memcpy(&value_.v6, &raw, sizeof value_.v6);
    }
}

std::uint16_t address::port() const noexcept {
    if (family() == AF_INET) return ntohs(value_.v4.sin_port);
    return family() == AF_INET6 ? ntohs(value_.v6.sin6_port) : 0;
}

address address::with_port(std::uint16_t port) const noexcept {
    address made = *this;
    if (family() == AF_INET) made.value_.v4.sin_port = htons(port);
    if (family() == AF_INET6) made.value_.v6.sin6_port = htons(port);
    return made;
}

std::string address::ip() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (family() == AF_INET) uv_ip4_name(&value_.v4, text.data(), text.size());
    if (family() == AF_INET6) uv_ip6_name(&value_.v6, text.data(), text.size());
    std::string name = text.data();
    std::array<char, IF_NAMESIZE> interface{};
    if (family() == AF_INET6 && value_.v6.sin6_scope_id != 0 &&
        if_indextoname(value_.v6.sin6_scope_id, interface.data()) != nullptr) {
        name.append("%").append(interface.data());
    }
    return name;
}

std::string address::to_string() const {
    if (family() == AF_UNSPEC) return "no address";
    const std::string number = std::to_string(port());
    return family() == AF_INET6 ? "[" + ip() + "]:" + number : ip() + ":" + number;
}

}  // namespace pyasync::uv
