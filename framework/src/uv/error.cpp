// framework/src/uv/error.cpp: libuv's codes as std::error_code.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/error.hpp>

#include <uv.h>

namespace pyasync::uv {
namespace {

class uv_category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "libuv"; }
    [[nodiscard]] std::string message(int code) const override { return uv_strerror(code); }
};

std::error_code code_of(int status) noexcept {
    static const uv_category libuv_only;
    constexpr int first_code_without_errno = -3000;  // libuv's own, for getaddrinfo and the end of a file
    if (status > first_code_without_errno) return {-status, std::generic_category()};
    return {status, libuv_only};
}

}  // namespace

error::error(int status, const std::string& operation)
    : std::system_error(code_of(status), detail::with_nul_shown(operation)), status_(status) {}

std::string detail::with_nul_shown(const std::string& text) {
    std::string shown;
    for (const char letter : text) letter == '\0' ? shown.append("\\0") : shown.append(1, letter);
    return shown;
}

int detail::check(int status, const char* operation) {
    if (status < 0) throw error(status, operation);
    return status;
}

}  // namespace pyasync::uv
