// framework/include/pyasync/uv/error.hpp: the exception of libuv's operations.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <system_error>

namespace pyasync::uv {

/// A libuv operation has failed. `code()` is the system's errno where libuv's code is one (so that it becomes the
/// matching `OSError` in Python), `what()` names the operation and libuv's reason; a NUL byte in it is `\0` there.
class error final : public std::system_error {
public:
    /// `status` is libuv's negative code; `operation` names what was tried, with its subject.
    error(int status, const std::string& operation);

    /// libuv's code, `UV_ECONNRESET` for instance.
    [[nodiscard]] int status() const noexcept { return status_; }

private:
    int status_;
};

namespace detail {

/// `what()` is a C string, which a NUL byte would end: it is written as `\0`.
[[nodiscard]] std::string with_nul_shown(const std::string& text);

/// Throws `error` for a negative status; passes others on.
int check(int status, const char* operation);

}  // namespace detail
}  // namespace pyasync::uv
