// framework/include/pyasync/core/channel_closed.hpp: the exception that says that a channel takes nothing any more.
// SPDX-License-Identifier: MIT
#pragma once

#include <exception>

namespace pyasync {

/// Thrown by `send` and `try_send` where the channel has been closed; the value has not been sent. Python knows it as
/// `ChannelClosed`, of the module `pyasync` in an application, else of the extension module.
class channel_closed final : public std::exception {
public:
    [[nodiscard]] const char* what() const noexcept override { return "the channel is closed"; }
};

}  // namespace pyasync
