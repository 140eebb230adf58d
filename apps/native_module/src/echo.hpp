// apps/native_module/src/echo.hpp: a client for echo servers.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include <pyasync/core/task.hpp>

namespace native {

/// Connects to `host` (an IPv4 address), sends the text, and returns as much as was sent of what comes back; a
/// `ConnectionResetError` in Python where the server hangs up before that.
pyasync::task<std::string> echo(std::string host, std::uint16_t port, std::string text);

}  // namespace native
