// tests/uv/error_test.cpp: libuv's codes as C++ exceptions.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/error.hpp>

#include <doctest/doctest.h>
#include <uv.h>

#include <cerrno>
#include <ostream>
#include <string>
#include <system_error>

namespace pyasync::uv {
namespace {

TEST_CASE("a code that is the system's becomes its errno") {
    const error missing(UV_ENOENT, "open /no/such/file");
    CHECK(missing.code().value() == ENOENT);
    CHECK(missing.code().category() == std::generic_category());
    CHECK((missing.code() == std::errc::no_such_file_or_directory));
    CHECK(std::string(missing.what()) == "open /no/such/file: No such file or directory");
}

TEST_CASE("every errno that libuv knows comes through") {
    for (const int status :
         {UV_EACCES, UV_EADDRINUSE, UV_EAGAIN, UV_ECANCELED, UV_ECONNREFUSED, UV_EMFILE, UV_ETIMEDOUT}) {
        CHECK(error(status, "it").code().value() == -status);
    }
}

TEST_CASE("a code of libuv's own keeps its number and libuv's words") {
    const error at_end(UV_EOF, "read");
    CHECK(at_end.code().value() == UV_EOF);
    CHECK(std::string(at_end.code().category().name()) == "libuv");
    CHECK(std::string(at_end.what()) == "read: end of file");

    const error unknown_name(UV_EAI_NONAME, "getaddrinfo nowhere");
    CHECK(unknown_name.code().value() == UV_EAI_NONAME);
    CHECK(std::string(unknown_name.code().category().name()) == "libuv");
    CHECK(std::string(unknown_name.what()) == "getaddrinfo nowhere: unknown node or service");
    CHECK(std::string(error(UV_EAI_ADDRFAMILY, "it").code().category().name()) == "libuv");
}

TEST_CASE("codes of libuv's own differ from errnos of the same size") {
    CHECK((error(UV_EOF, "read").code() != std::error_code(UV_EOF, std::generic_category())));
    CHECK((error(UV_EOF, "read").code() == error(UV_EOF, "write").code()));
}

TEST_CASE("a NUL byte does not cut the reason off") {
    const std::string path("/tmp/a\0b", 8);
    CHECK(std::string(error(UV_EINVAL, "open " + path).what()) == "open /tmp/a\\0b: Invalid argument");
}

TEST_CASE("check throws for what is negative, and passes on the rest") {
    CHECK(detail::check(0, "it") == 0);
    CHECK(detail::check(17, "it") == 17);
    CHECK_THROWS_WITH_AS(detail::check(UV_EACCES, "listen"), "listen: Permission denied", error);
}

}  // namespace
}  // namespace pyasync::uv
