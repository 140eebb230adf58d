// tests/py/convert_test.cpp: scalars, text, bytes, times and paths, there and back, and what does not fit.
// SPDX-License-Identifier: MIT
#include <pyasync/py/convert.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <pyasync/py/convert_containers.hpp>
#include "support/python.hpp"

namespace pyasync::py {

namespace {
struct point {
    int x = 0;
    int y = 0;
    bool operator==(const point&) const = default;
};
}  // namespace

// As the documentation of converter has it.
template <>
struct converter<point> {
    static bound to_python(python py, const point& p) { return py.value(std::tuple(p.x, p.y)); }
    static point from_python(const bound& b) {
        auto [x, y] = b.to<std::tuple<int, int>>();
        return {x, y};
    }
};

namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::with_python;

static_assert(to_python_convertible<int> && from_python_convertible<int>);
static_assert(to_python_convertible<const std::string&> && to_python_convertible<std::string_view>);
static_assert(to_python_convertible<const char (&)[5]> && !from_python_convertible<std::string_view>);
static_assert(!to_python_convertible<char> && !from_python_convertible<char>);
static_assert(!to_python_convertible<void*> && !from_python_convertible<void*>);

struct conversions : with_python {
    /// A value becomes the Python object with that repr, and comes back equal.
    template <typename T>
    void there_and_back(const T& value, const std::string& repr) const {
        const bound made = py.value(value);
        CHECK(made.repr() == repr);
        CHECK((made.to<T>() == value));
    }
    /// The value of an expression as a T.
    template <typename T>
    [[nodiscard]] T read(const std::string& expression) const {
        return evaluate(expression).to<T>();
    }
    /// What the conversion of an expression's value to a T fails with.
    template <typename T>
    [[nodiscard]] std::string refusal(const std::string& expression) const {
        const bound value = evaluate(expression);
        return error_of([&value] { static_cast<void>(value.to<T>()); });
    }

    template <typename T>
    void integer_of_every_size() const {
        using limits = std::numeric_limits<T>;
        CAPTURE(sizeof(T));
        CAPTURE(limits::is_signed);
        for (const T value : {limits::min(), T(0), T(1), T(100), limits::max()}) {
            there_and_back(value, std::to_string(value));
        }
        const std::string range =
            " is not in the range " + std::to_string(limits::min()) + " to " + std::to_string(limits::max());
        const std::string low = evaluate(std::to_string(limits::min()) + " - 1").str();
        const std::string high = evaluate(std::to_string(limits::max()) + " + 1").str();
        CHECK(refusal<T>(low) == "OverflowError: " + low + range);
        CHECK(refusal<T>(high) == "OverflowError: " + high + range);
        CHECK(refusal<T>("2 ** 100") == "OverflowError: 1267650600228229401496703205376" + range);
        CHECK(refusal<T>("-2 ** 100") == "OverflowError: -1267650600228229401496703205376" + range);
        CHECK(refusal<T>("'7'") == "TypeError: expected int, got str");
        CHECK(refusal<T>("7.0") == "TypeError: expected int, got float");
        CHECK(refusal<T>("None") == "TypeError: expected int, got NoneType");
    }
};

TEST_CASE_FIXTURE(conversions, "bool is True and False, and nothing else") {
    there_and_back(true, "True");
    there_and_back(false, "False");
    CHECK(refusal<bool>("1") == "TypeError: expected bool, got int");
    CHECK(refusal<bool>("None") == "TypeError: expected bool, got NoneType");
    CHECK(refusal<bool>("[]") == "TypeError: expected bool, got list");
}

TEST_CASE_FIXTURE(conversions, "integers of every size, to their limits and not beyond") {
    integer_of_every_size<signed char>();
    integer_of_every_size<unsigned char>();
    integer_of_every_size<short>();
    integer_of_every_size<unsigned short>();
    integer_of_every_size<int>();
    integer_of_every_size<unsigned>();
    integer_of_every_size<long>();
    integer_of_every_size<unsigned long>();
    integer_of_every_size<long long>();
    integer_of_every_size<unsigned long long>();
}

TEST_CASE_FIXTURE(conversions, "what stands for an int in Python does so here") {
    CHECK(read<int>("True") == 1);
    const bound variables =
        run("class Index:\n"
            "    def __init__(self, value): self.value = value\n"
            "    def __index__(self):\n"
            "        if self.value is None: raise LookupError('no value')\n"
            "        return self.value\n");
    CHECK(variables["Index"](12).to<std::uint8_t>() == 12);
    CHECK(error_of([&] { static_cast<void>(variables["Index"](256).to<std::uint8_t>()); }) ==
          "OverflowError: 256 is not in the range 0 to 255");
    CHECK(error_of([&] {
              static_cast<void>(variables["Index"](py.none()).to<int>());
          }).ends_with("LookupError: no value"));
}

TEST_CASE_FIXTURE(conversions, "an int that is too long to be printed is out of range all the same") {
    CHECK(refusal<int>("1 << 100_000") ==
          "OverflowError: an int of 100001 bits is not in the range -2147483648 to 2147483647");
    CHECK(refusal<unsigned>("-1 << 100_000") ==
          "OverflowError: an int of 100001 bits is not in the range 0 to 4294967295");
}

TEST_CASE_FIXTURE(conversions, "floating point, of an int, too") {
    there_and_back(0.5, "0.5");
    there_and_back(-0.0, "-0.0");
    there_and_back(0.25F, "0.25");
    there_and_back(std::numeric_limits<double>::max(), "1.7976931348623157e+308");
    there_and_back(std::numeric_limits<double>::infinity(), "inf");
    CHECK(py.value(std::nan("")).repr() == "nan");
    CHECK(std::isnan(read<double>("float('nan')")));
    CHECK(read<double>("3") == 3.0);
    CHECK(read<double>("True") == 1.0);
    CHECK(read<float>("1e300") == std::numeric_limits<float>::infinity());
    CHECK(read<double>("__import__('fractions').Fraction(1, 4)") == 0.25);
    CHECK(refusal<double>("'0.5'") == "TypeError: expected float, got str");
    CHECK(refusal<double>("None") == "TypeError: expected float, got NoneType");
    CHECK(refusal<double>("[1]") == "TypeError: expected float, got list");
    CHECK(refusal<double>("1j").starts_with("TypeError: "));
    CHECK(refusal<double>("10 ** 400").starts_with("OverflowError: "));
}

TEST_CASE_FIXTURE(conversions, "text in UTF-8, with any character in it") {
    there_and_back(std::string(), "''");
    there_and_back(std::string("plain"), "'plain'");
    there_and_back(std::string("gr\u00fc\u00df dich \U0001f600"), "'gr\u00fc\u00df dich \U0001f600'");
    there_and_back(std::string("a\0b", 3), "'a\\x00b'");
    CHECK(py.value("literal").repr() == "'literal'");
    CHECK(py.value(std::string_view("a view").substr(2)).repr() == "'view'");
    char letters[] = "letters";
    char* const pointer = letters;
    CHECK(py.value(pointer).repr() == "'letters'");
    CHECK(run("class Text(str): pass")["Text"]("derived").to<std::string>() == "derived");
    CHECK(refusal<std::string>("b'bytes'") == "TypeError: expected str, got bytes");
    CHECK(refusal<std::string>("1") == "TypeError: expected str, got int");
    CHECK(refusal<std::string>("None") == "TypeError: expected str, got NoneType");
}

TEST_CASE_FIXTURE(conversions, "text that is no text is refused on either side") {
    CHECK(error_of([&] { static_cast<void>(py.value("\xff")); }) ==
          "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte");
    CHECK(error_of([&] { static_cast<void>(py.value(std::string("ab\xc3"))); }) ==
          "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xc3 in position 2: unexpected end of data");
    CHECK(refusal<std::string>("'a\\ud800'") ==
          "UnicodeEncodeError: 'utf-8' codec can't encode character '\\ud800' in position 1: surrogates not allowed");
}

TEST_CASE_FIXTURE(conversions, "bytes, of any buffer") {
    using bytes = std::vector<std::byte>;
    const bytes three{std::byte{0}, std::byte{0x61}, std::byte{0xff}};
    there_and_back(bytes(), "b''");
    there_and_back(three, "b'\\x00a\\xff'");
    CHECK(py.value(std::span<const std::byte>(three).subspan(1)).repr() == "b'a\\xff'");
    for (const char* const same : {"bytearray(b'\\x00a\\xff')", "memoryview(b'\\x00a\\xff')",
                                   "__import__('array').array('B', [0, 0x61, 0xff])"}) {
        CHECK((read<bytes>(same) == three));
    }
    CHECK(refusal<bytes>("'text'") == "TypeError: expected bytes, got str");
    CHECK(refusal<bytes>("[1, 2]") == "TypeError: expected bytes, got list");
    CHECK(refusal<bytes>("memoryview(b'abcd')[::2]").starts_with("BufferError: "));
}

TEST_CASE_FIXTURE(conversions, "text and bytes of any length") {
    for (const std::size_t size : {2047U, 2048U, 2049U, 4096U, 16384U, 100'001U}) {
        CAPTURE(size);
        std::string text;
        while (text.size() < size) text += std::to_string(text.size()) + ' ';
        text.resize(size);
        CHECK(py.value(text).to<std::string>() == text);
        const auto raw = std::as_bytes(std::span(text));
        const std::vector<std::byte> bytes(raw.begin(), raw.end());
        CHECK((py.value(bytes).to<std::vector<std::byte>>() == bytes));
    }
}

TEST_CASE_FIXTURE(conversions, "a buffer is given back") {
    const bound array = evaluate("bytearray(b'abc')");
    CHECK(array.to<std::vector<std::byte>>().size() == 3);
    array.call_method("append", 1);  // raises a BufferError while somebody looks at the memory
}

TEST_CASE_FIXTURE(conversions, "durations are seconds") {
    there_and_back(std::chrono::milliseconds(1500), "1.5");
    there_and_back(std::chrono::seconds(-3), "-3.0");
    there_and_back(std::chrono::nanoseconds(1), "1e-09");
    there_and_back(std::chrono::hours(2), "7200.0");
    there_and_back(std::chrono::duration<double>(0.125), "0.125");

    CHECK(read<std::chrono::milliseconds>("2") == 2s);
    CHECK(read<std::chrono::milliseconds>("__import__('datetime').timedelta(minutes=1, milliseconds=5)") == 60005ms);
    CHECK(read<std::chrono::duration<float>>("__import__('datetime').timedelta(seconds=-2)").count() == -2.0F);
    CHECK(read<std::chrono::milliseconds>("0.0026") == 3ms);
    CHECK(read<std::chrono::milliseconds>("-0.0024") == -2ms);
    CHECK(std::isinf(read<std::chrono::duration<double>>("float('inf')").count()));
}

TEST_CASE_FIXTURE(conversions, "durations that do not fit, and what is none") {
    const std::string range = " is not in the range -9223372036.854776 to 9223372036.854776";
    CHECK(refusal<std::chrono::nanoseconds>("1e10") == "OverflowError: 10000000000.0" + range);
    CHECK(refusal<std::chrono::nanoseconds>("-1e10") == "OverflowError: -10000000000.0" + range);
    CHECK(refusal<std::chrono::nanoseconds>("float('inf')") == "OverflowError: inf" + range);
    CHECK(refusal<std::chrono::nanoseconds>("float('nan')") == "OverflowError: nan" + range);
    CHECK(read<std::chrono::nanoseconds>("9e9") == 9'000'000'000s);
    CHECK(refusal<std::chrono::seconds>("'1s'") == "TypeError: expected float, got str");
    CHECK(refusal<std::chrono::seconds>("None") == "TypeError: expected float, got NoneType");
}

TEST_CASE_FIXTURE(conversions, "paths, of everything that names one") {
    using path = std::filesystem::path;
    const bound made = py.value(path("/tmp/a b"));
    CHECK(made.repr() == "PosixPath('/tmp/a b')");
    CHECK((made.to<path>() == path("/tmp/a b")));
    CHECK((read<path>("'/tmp/x'") == path("/tmp/x")));
    CHECK((read<path>("b'/tmp/x'") == path("/tmp/x")));
    const bound named = run("class Named:\n    def __fspath__(self): return '/named'")["Named"]();
    CHECK((named.to<path>() == path("/named")));
    const path not_utf8("/tmp/\xff");
    CHECK((py.value(not_utf8).to<path>() == not_utf8));
    CHECK(refusal<path>("1").starts_with("TypeError: expected str, bytes or os.PathLike object"));
    CHECK(refusal<path>("None").starts_with("TypeError: expected str, bytes or os.PathLike object"));
    CHECK(refusal<path>("'a\\0b'").starts_with("ValueError: embedded null"));
}

TEST_CASE_FIXTURE(conversions, "references go through as they are") {
    const bound target = evaluate("object()");
    CHECK(py.value(target).is(target));
    CHECK(target.to<bound>().is(target));
    const object kept = target.to<object>();
    CHECK(py.value(kept).is(target));
    CHECK(py.value(object()).is_none());
    target.to<void>();
}

TEST_CASE_FIXTURE(conversions, "a type of one's own, by its converter") {
    there_and_back(point{1, -2}, "(1, -2)");
    there_and_back(std::vector<point>{{1, 2}, {3, 4}}, "[(1, 2), (3, 4)]");
    CHECK(refusal<point>("(1,)") == "ValueError: expected 2 items, got 1");
    CHECK(refusal<point>("(1, 'b')") == "TypeError: item 1: expected int, got str");
}

TEST_CASE_FIXTURE(conversions, "a failed conversion leaves no exception behind") {
    for (const char* const expression : {"'x'", "2 ** 100", "1 << 100_000", "None"}) {
        CHECK(refusal<int>(expression) != "nothing");
        CHECK(PyErr_Occurred() == nullptr);
    }
}

}  // namespace
}  // namespace pyasync::py
