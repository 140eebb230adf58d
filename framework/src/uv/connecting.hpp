// framework/src/uv/connecting.hpp: waiting until a stream is connected.
// SPDX-License-Identifier: MIT
#pragma once

#include <source_location>
#include <string>

#include <pyasync/uv/operation.hpp>
#include <pyasync/uv/stream_handle.hpp>

namespace pyasync::uv::detail {

struct connect_request;

/// Whoever awaits it owns the stream, and closes it where this throws: libuv gives the attempt up with that.
class connect_awaiter final : public operation {
public:
    connect_awaiter(stream_handle& stream, pyasync::detail::task_context& context,
                    const std::source_location& where) noexcept
        : operation(context, where), stream_(&stream) {}

    void await_resume() const;

private:
    friend connect_request;

    bool begin() noexcept override;
    void withdraw() noexcept override;
    void describe(pyasync::detail::task_report& into) const override;
    [[nodiscard]] std::string subject() const override;
    void called_back(int status) noexcept;

    stream_handle* stream_;
    connect_request* request_ = nullptr;
};

struct connecting {
    using value_type = void;
    stream_handle* stream;
    [[nodiscard]] connect_awaiter awaiter_in(pyasync::detail::task_context& context,
                                             const std::source_location&) const noexcept {
        return {*stream, context, std::source_location()};
    }
};

}  // namespace pyasync::uv::detail
