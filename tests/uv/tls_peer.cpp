// tests/uv/tls_peer.cpp: a TLS server that echoes lines, and a client that asks one, for peers that others have written.
// SPDX-License-Identifier: MIT
// Usage: tls_peer serve CERTIFICATE KEY; prints its port, then serves for as long as stdin is open.
//        tls_peer ask PORT CA [PROTOCOL]; sends what stdin has, and prints the version, the protocol and what comes back.
#include <pyasync/uv/tls.hpp>

#include <cstdint>
#include <iostream>
#include <iterator>
#include <string>
#include <utility>

#include <pyasync/core/when_all.hpp>
#include "support/launch.hpp"

namespace {

using namespace pyasync;

task<> echo(uv::tcp come, uv::tls_context context) {
    try {
        auto peer = co_await uv::tls::server(std::move(come), context);
        while (auto line = co_await peer.read_until("\n", 20'000'000)) co_await peer.write(*line);
        co_await peer.finish();
    } catch (const std::system_error& error) {
        std::cerr << error.what() << std::endl;
    }
}

task<> serve(uv::tls_context context) {
    auto listening = co_await uv::tcp::listen({"127.0.0.1", 0});
    std::cout << listening.local_address().port() << std::endl;
    for (;;) co_await echo(co_await listening.accept(), context);
}

task<> ask(std::uint16_t port, uv::tls_context context, std::string what) {
    auto peer = co_await uv::tls::connect("localhost", port, context);
    const auto write = [](uv::tls& to, const std::string& all) -> task<> { co_await to.write(all); };
    const auto read = [](uv::tls& from, std::size_t size) -> task<std::string> {
        co_return co_await from.read_exactly(size);
    };
    auto [nothing, answer] = co_await when_all(write(peer, what), read(peer, what.size()));
    const bool ended = co_await peer.finish();
    std::cout << peer.version() << " " << peer.alpn() << " " << (ended ? "ended" : "broke off") << "\n" << answer;
}

std::string all_of_stdin() { return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()}; }

}  // namespace

int main(int count, char** arguments) {
    const std::string what = count > 1 ? arguments[1] : "";
    uv::loop home;
    try {
        if (what == "serve" && count == 4) {
            const auto options = uv::tls_options().certificate_files(arguments[2], arguments[3]).alpn("echo");
            auto serving = test::launch(serve(uv::tls_context::server(options)), home);
            static_cast<void>(all_of_stdin());
            serving.cancel();
            try {
                test::wait_for(std::move(serving));
            } catch (const cancelled&) {  // as it should be
            }
            return 0;
        }
        if (what == "ask" && count >= 4) {
            auto options = uv::tls_options().trust_file(arguments[3]);
            if (count > 4) options.alpn(arguments[4]);
            const auto port = static_cast<std::uint16_t>(std::stoi(arguments[2]));
            test::wait_for(test::launch(ask(port, uv::tls_context::client(options), all_of_stdin()), home));
            return 0;
        }
    } catch (const std::exception& error) {
        std::cerr << error.what() << std::endl;
        return 1;
    }
    std::cerr << "usage: see the source" << std::endl;
    return 2;
}
