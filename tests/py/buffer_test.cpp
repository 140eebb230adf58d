// tests/py/buffer_test.cpp: memory of Python's, used in place.
// SPDX-License-Identifier: MIT
#include <pyasync/py/buffer.hpp>

#include <doctest/doctest.h>

#include <thread>
#include <utility>

#include <pyasync/py/reclaim.hpp>
#include "support/python.hpp"

namespace pyasync::py {
namespace {

using test::error_of;
using test::with_python;

TEST_CASE_FIXTURE(with_python, "the bytes of a buffer are those of its object") {
    const bound data = evaluate("bytearray(b'abc')");
    const buffer view = data.to<buffer>();
    CHECK(view.size() == 3);
    CHECK(view.bytes()[0] == std::byte{'a'});
    data.call_method("__setitem__", 0, 122);
    CHECK(view.bytes()[0] == std::byte{'z'});
    CHECK(view.owner(py).is(data));
    CHECK(py.value(view).is(data));
    CHECK(evaluate("memoryview(b'abcdef')[2:4]").to<buffer>().size() == 2);
    CHECK(evaluate("b''").to<buffer>().bytes().empty());
}

TEST_CASE_FIXTURE(with_python,
                  "the memory stays where it is for as long as the buffer lives, on whatever thread it goes") {
    const bound data = evaluate("bytearray(b'abc')");
    {
        buffer view = data.to<buffer>();
        CHECK(error_of([&] { data.call_method("append", 1); }).starts_with("BufferError"));
        Py_BEGIN_ALLOW_THREADS std::thread([moved = std::move(view)] { CHECK(moved.size() == 3); }).join();
        Py_END_ALLOW_THREADS
    }
    detail::reclaim(py);
    data.call_method("append", 1);
}

TEST_CASE_FIXTURE(with_python, "a writable buffer is written to") {
    const bound data = evaluate("bytearray(b'abc')");
    data.to<writable_buffer>().bytes()[1] = std::byte{'x'};
    CHECK(data.repr() == "bytearray(b'axc')");
    CHECK(error_of([&] { static_cast<void>(evaluate("b'abc'").to<writable_buffer>()); }) ==
          "BufferError: expected a buffer that can be written to, got bytes, which is read-only");
}

TEST_CASE_FIXTURE(with_python, "what is no buffer, or is not contiguous, is refused") {
    CHECK(error_of([&] { static_cast<void>(evaluate("'text'").to<buffer>()); }) ==
          "TypeError: expected a buffer (bytes, bytearray, memoryview, ...), got str");
    CHECK(error_of([&] {
              static_cast<void>(evaluate("memoryview(b'abcd')[::2]").to<buffer>());
          }).starts_with("BufferError: expected a contiguous buffer"));
}

}  // namespace
}  // namespace pyasync::py
