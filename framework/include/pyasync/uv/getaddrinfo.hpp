// framework/include/pyasync/uv/getaddrinfo.hpp: the addresses of a host's name.
// SPDX-License-Identifier: MIT
#pragma once

#include <netdb.h>
#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include <pyasync/core/task_context.hpp>
#include <pyasync/uv/address.hpp>
#include <pyasync/uv/operation.hpp>

namespace pyasync::uv {

/// What is wanted of `getaddrinfo`, as the system's own call has it.
struct getaddrinfo_hints {
    /// AF_INET or AF_INET6, where only one of them will do.
    int family = AF_UNSPEC;
    /// SOCK_DGRAM, where a service by name is UDP's.
    int socket_type = SOCK_STREAM;
    /// AI_PASSIVE, AI_ADDRCONFIG, AI_NUMERICHOST…
    int flags = 0;
};

namespace detail {

class lookup_request;

class getaddrinfo_awaiter final : public operation {
public:
    getaddrinfo_awaiter(std::string host, std::string service, const getaddrinfo_hints& hints,
                        pyasync::detail::task_context& context, const std::source_location& where) noexcept
        : operation(context, where), host_(std::move(host)), service_(std::move(service)), hints_(hints) {}

    [[nodiscard]] std::vector<address> await_resume();

private:
    friend class lookup_request;
    struct free_list {
        void operator()(addrinfo* list) const noexcept;
    };

    bool begin() noexcept override;
    void withdraw() noexcept override;
    void describe(pyasync::detail::task_report& into) const override;
    [[nodiscard]] std::string subject() const override;

    std::string host_;
    std::string service_;
    getaddrinfo_hints hints_;
    lookup_request* request_ = nullptr;  ///< while it is under way
    std::unique_ptr<addrinfo, free_list> found_;
};

class getaddrinfo_operation {
public:
    using value_type = std::vector<address>;

    getaddrinfo_operation(std::string host, std::string service, const getaddrinfo_hints& hints) noexcept
        : host_(std::move(host)), service_(std::move(service)), hints_(hints) {}

    [[nodiscard]] getaddrinfo_awaiter awaiter_in(pyasync::detail::task_context& context,
                                                 const std::source_location& where) && {
        return {std::move(host_), std::move(service_), hints_, context, where};
    }

private:
    std::string host_;
    std::string service_;
    getaddrinfo_hints hints_;
};

}  // namespace detail

/// The addresses of `host`, a name or an address in numbers, in the order in which the system would have them tried.
/// The service is a name, "https", or a number. An empty host is this one: its loopback addresses, or with AI_PASSIVE
/// those that a server listens at.
///
///     for (const pyasync::uv::address& each : co_await pyasync::uv::getaddrinfo("localhost", 8080)) try_it(each);
///
/// **Thread.** Continues on the task's home loop; the system's resolver works on a thread of libuv's pool.
/// **Cancellation.** Ends at once; a resolver that has begun keeps its thread until it has given up, and what it finds
/// is dropped. **Errors.** `uv::error`, which names the host; its `code().value()` is one of libuv's UV_EAI_….
/// **Ownership.** Keeps copies of the names.
[[nodiscard]] inline detail::getaddrinfo_operation getaddrinfo(std::string host, std::string service,
                                                               const getaddrinfo_hints& hints = {}) noexcept {
    return {std::move(host), std::move(service), hints};
}
[[nodiscard]] inline detail::getaddrinfo_operation getaddrinfo(std::string host, std::uint16_t port,
                                                               const getaddrinfo_hints& hints = {}) {
    return {std::move(host), std::to_string(port), hints};
}

}  // namespace pyasync::uv
