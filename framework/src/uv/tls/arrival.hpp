// framework/src/uv/tls/arrival.hpp: waiting for what comes from the connection below a TLS connection.
// SPDX-License-Identifier: MIT
#pragma once

#include <source_location>
#include <string>

#include <pyasync/uv/operation.hpp>
#include <pyasync/uv/stream.hpp>
#include "connection.hpp"

namespace pyasync::uv::detail {

/// Reads from the connection below, for OpenSSL.
class arrival_awaiter {
public:
    arrival_awaiter(tls_connection& connection, pyasync::detail::task_context& context)
        : connection_(&connection),
          room_(connection.room()),
          read_(connection.transport().read_some(room_).awaiter_in(context, std::source_location())),
          only_(connection) {}

    [[nodiscard]] bool await_ready() { return read_.await_ready(); }
    template <typename Promise>
    [[nodiscard]] bool await_suspend(std::coroutine_handle<Promise> coroutine) noexcept {
        return read_.await_suspend(coroutine);
    }
    void await_resume() { connection_->came({room_.data(), read_.await_resume()}); }

private:
    /// While it lives, others wait for its end: what has come, they try again with, else they read themselves.
    class only_one {
    public:
        explicit only_one(tls_connection& connection) noexcept : connection_(connection) {
            connection_.awaits_arrival_ = true;
        }
        only_one(const only_one&) = delete;
        only_one& operator=(const only_one&) = delete;
        ~only_one() { connection_.end_arrival(); }

    private:
        tls_connection& connection_;
    };

    tls_connection* connection_;
    mutable_buffer room_;
    read_awaiter read_;
    only_one only_;
};

/// `co_await arrival{&connection}`, where nobody does, waits until something has come.
struct arrival {
    using value_type = void;
    tls_connection* connection;
    [[nodiscard]] arrival_awaiter awaiter_in(pyasync::detail::task_context& context,
                                             const std::source_location&) const {
        connection->rest();
        return {*connection, context};
    }
};

class others_arrival_awaiter final : public operation {
public:
    others_arrival_awaiter(tls_connection& connection, const char* what,
                           pyasync::detail::task_context& context) noexcept
        : operation(context, std::source_location()), connection_(&connection), what_(what) {}

    void await_resume() const { throw_failure(); }

private:
    friend class tls_connection;

    bool begin() noexcept override;
    void withdraw() noexcept override;
    void describe(pyasync::detail::task_report& into) const override;
    [[nodiscard]] std::string subject() const override;

    tls_connection* connection_;
    const char* what_;
};

/// `co_await others_arrival{&connection, "read from "}`, where another task awaits an `arrival`, waits for the end of that.
struct others_arrival {
    using value_type = void;
    tls_connection* connection;
    const char* what;
    [[nodiscard]] others_arrival_awaiter awaiter_in(pyasync::detail::task_context& context,
                                                    const std::source_location&) const noexcept {
        return {*connection, what, context};
    }
};

}  // namespace pyasync::uv::detail
