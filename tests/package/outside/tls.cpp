// tests/package/outside/tls.cpp: a program that has TLS, and no Python.
// SPDX-License-Identifier: MIT
#include <cstdio>

#include <pyasync/uv/tls.hpp>

int main() {
    const auto context = pyasync::uv::tls_context::client(pyasync::uv::tls_options().alpn("h2"));
    std::puts(context.raw() != nullptr ? "TLS is there" : "TLS is not there");
}
