// greeting.cpp: a coroutine that awaits libuv, then asyncio.
#include "greeting.hpp"

#include <chrono>
#include <string>
#include <utility>

using namespace std::chrono_literals;

pyasync::task<std::string> greeting(std::string words) {
    co_await pyasync::uv::sleep(10ms);                                        // libuv, on the loop thread
    auto whom = co_await pyasync::call<std::string>("people:whom_to_greet");  // asyncio, on the main thread
    co_return std::move(words) + ", " + whom;
}
