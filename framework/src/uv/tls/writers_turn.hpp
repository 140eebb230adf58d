// framework/src/uv/tls/writers_turn.hpp: who writes on a TLS connection, and how long it waits.
// SPDX-License-Identifier: MIT
#pragma once

#include <source_location>
#include <string>
#include <utility>

#include <pyasync/uv/operation.hpp>
#include "connection.hpp"

namespace pyasync::uv::detail {

/// One writes at a time, first come, first served: has the turn from its construction to its end.
class tls_writers_turn {
public:
    explicit tls_writers_turn(tls_connection& connection) noexcept : connection_(&connection) {}
    tls_writers_turn(tls_writers_turn&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
    tls_writers_turn& operator=(tls_writers_turn&&) = delete;
    ~tls_writers_turn() {
        if (connection_ != nullptr) connection_->end_turn();
    }

private:
    tls_connection* connection_;
};

class tls_turn_awaiter final : public operation {
public:
    tls_turn_awaiter(tls_connection& connection, pyasync::detail::task_context& context,
                     const std::source_location& where) noexcept
        : operation(context, where), connection_(&connection) {}

    [[nodiscard]] tls_writers_turn await_resume() const;

private:
    friend class tls_connection;
    friend class operation_queue<tls_turn_awaiter>;

    bool begin() noexcept override;
    void withdraw() noexcept override;
    void describe(pyasync::detail::task_report& into) const override;
    [[nodiscard]] std::string subject() const override;

    tls_connection* connection_;
    tls_turn_awaiter* next_ = nullptr;
};

/// `co_await writers_turn{&connection}` waits for the turn.
struct writers_turn {
    using value_type = tls_writers_turn;
    tls_connection* connection;
    [[nodiscard]] tls_turn_awaiter awaiter_in(pyasync::detail::task_context& context,
                                              const std::source_location&) const noexcept {
        return {*connection, context, std::source_location()};
    }
};

class tls_drain_awaiter final : public operation {
public:
    tls_drain_awaiter(tls_connection& connection, pyasync::detail::task_context& context,
                      const std::source_location& where) noexcept
        : operation(context, where), connection_(&connection) {}

    void await_resume() const;

private:
    friend class tls_connection;

    bool begin() noexcept override;
    void withdraw() noexcept override;
    void describe(pyasync::detail::task_report& into) const override;
    [[nodiscard]] std::string subject() const override;

    tls_connection* connection_;
};

/// `co_await drained{&connection}`, by whoever has the turn, waits until libuv has nothing left to send.
struct drained {
    using value_type = void;
    tls_connection* connection;
    [[nodiscard]] tls_drain_awaiter awaiter_in(pyasync::detail::task_context& context,
                                               const std::source_location&) const noexcept {
        return {*connection, context, std::source_location()};
    }
};

}  // namespace pyasync::uv::detail
