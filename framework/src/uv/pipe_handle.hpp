// framework/src/uv/pipe_handle.hpp: libuv's pipe as a stream.
// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <string>

#include <pyasync/uv/stream_handle.hpp>

namespace pyasync::uv::detail {

class pipe_handle final : public stream_handle {
public:
    /// `peer` is a path, or what messages call the other side.
    explicit pipe_handle(std::string peer);

    [[nodiscard]] uv_pipe_t& raw() noexcept { return raw_; }
    [[nodiscard]] std::string peer() const override { return peer_; }
    [[nodiscard]] int connect(uv_connect_t* request, uv_connect_cb done) noexcept override;

private:
    [[nodiscard]] uv_handle_t* raw_handle() noexcept override { return reinterpret_cast<uv_handle_t*>(&raw_); }

    uv_pipe_t raw_{};
    std::string peer_;
};

}  // namespace pyasync::uv::detail
