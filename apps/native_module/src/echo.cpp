// apps/native_module/src/echo.cpp: a conversation, written as a coroutine.
// SPDX-License-Identifier: MIT
#include "echo.hpp"

#include "connection.hpp"

namespace native {

pyasync::task<std::string> echo(std::string host, std::uint16_t port, std::string text) {
    connection server;
    co_await server.connect(host, port);
    co_await server.write(text);
    std::string answer;
    while (answer.size() < text.size()) answer += co_await server.read();
    co_return answer;
}

}  // namespace native
