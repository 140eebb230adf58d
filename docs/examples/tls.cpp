// docs/examples/tls.cpp: a TLS server in C++; who asks it is C++ as well, and then Python.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include <pyasync/pyasync.hpp>
#include <pyasync/uv/tls.hpp>

namespace uv = pyasync::uv;
using namespace std::chrono_literals;

namespace {

// [serve]
pyasync::task<> serve(uv::tcp come, uv::tls_context context) {
    auto peer = co_await pyasync::timeout(10s, uv::tls::server(std::move(come), context));
    while (auto line = co_await peer.read_until("\n"))
        co_await peer.write(peer.version(), " has brought ", *line);
    co_await peer.finish();
}
// [/serve]

// [ask]
pyasync::task<std::string> ask(std::string host, std::uint16_t port, uv::tls_context context) {
    auto peer = co_await uv::tls::connect(host, port, context);
    co_await peer.write("a line from C++\n");
    auto answer = co_await peer.read_until("\n");
    co_await peer.finish();
    co_return answer.value_or("nothing");
}
// [/ask]

pyasync::task<> serve_one(uv::listener<uv::tcp>& listening, uv::tls_context context) {
    co_await serve(co_await listening.accept(), context);
}

pyasync::task<> run(pyasync::arguments command_line) {
    const std::string& pem = command_line.at(1);
    // [contexts]
    const auto of_server = uv::tls_context::server(uv::tls_options().certificate_files(pem, pem));
    const auto of_client = uv::tls_context::client(uv::tls_options().trust_file(pem));
    // [/contexts]
    auto listening = co_await uv::tcp::listen({"127.0.0.1", 0});
    const std::uint16_t port = listening.local_address().port();
    auto [first, answer] = co_await pyasync::when_all(serve_one(listening, of_server),
                                                      ask("localhost", port, of_client));
    fmt::print("{}", answer);
    auto [second, answer_to_python] =
        co_await pyasync::when_all(serve_one(listening, of_server),
                                   pyasync::call<std::string>("tls_client:ask", port, pem));
    fmt::print("{}", answer_to_python);
}

}  // namespace

PYASYNC_MAIN(run)
