// tests/py/convert_containers_test.cpp: containers there and back, and where in them something does not fit.
// SPDX-License-Identifier: MIT
#include <pyasync/py/convert_containers.hpp>

#include <doctest/doctest.h>

#include <string>

#include "support/python.hpp"

namespace pyasync::py {
namespace {

using test::count_of;
using test::error_of;
using test::with_python;

struct containers : with_python {
    template <typename T>
    void there_and_back(const T& value, const std::string& repr) const {
        const bound made = py.value(value);
        CHECK(made.repr() == repr);
        CHECK((made.to<T>() == value));
    }
    template <typename T>
    [[nodiscard]] T read(const std::string& expression) const {
        return evaluate(expression).to<T>();
    }
    template <typename T>
    [[nodiscard]] std::string refusal(const std::string& expression) const {
        const bound value = evaluate(expression);
        return error_of([&value] { static_cast<void>(value.to<T>()); });
    }
};

TEST_CASE_FIXTURE(containers, "optional is a value or None") {
    there_and_back(std::optional(3), "3");
    there_and_back(std::optional<int>(), "None");
    there_and_back(std::optional<std::string>(""), "''");
    CHECK(refusal<std::optional<int>>("'x'") == "TypeError: expected int, got str");
}

TEST_CASE_FIXTURE(containers, "variant is the first alternative that fits") {
    using number_or_text = std::variant<int, std::string>;
    there_and_back(number_or_text(3), "3");
    there_and_back(number_or_text("three"), "'three'");
    CHECK((read<std::variant<int, double>>("2") == std::variant<int, double>(2)));
    CHECK((read<std::variant<int, double>>("2.5") == std::variant<int, double>(2.5)));
    CHECK((read<std::variant<int, double>>("10 ** 20") == std::variant<int, double>(1e20)));
    CHECK((read<std::variant<double, int>>("2") == std::variant<double, int>(2.0)));
    CHECK((read<std::variant<std::monostate, int>>("None") == std::variant<std::monostate, int>()));
    CHECK(refusal<number_or_text>("[]") == "TypeError: expected str, got list");
    CHECK(PyErr_Occurred() == nullptr);
}

TEST_CASE_FIXTURE(containers, "what ends the program is not taken for an alternative that does not fit") {
    const bound index = run("class Index:\n    def __index__(self): raise KeyboardInterrupt('stop')")["Index"]();
    CHECK(error_of([&] {
              static_cast<void>(index.to<std::variant<int, std::string>>());
          }).ends_with("KeyboardInterrupt: stop"));
}

TEST_CASE_FIXTURE(containers, "monostate is None") {
    there_and_back(std::monostate(), "None");
    CHECK(refusal<std::monostate>("0") == "TypeError: expected None, got int");
}

TEST_CASE_FIXTURE(containers, "tuple and pair are tuples") {
    there_and_back(std::tuple<>(), "()");
    there_and_back(std::tuple(1, std::string("two"), 3.5), "(1, 'two', 3.5)");
    there_and_back(std::pair(std::string("key"), 2), "('key', 2)");
    CHECK((read<std::tuple<int, int>>("[1, 2]") == std::tuple(1, 2)));
    CHECK((read<std::pair<int, int>>("(n for n in (1, 2))") == std::pair(1, 2)));
    CHECK(refusal<std::tuple<int, int>>("(1,)") == "ValueError: expected 2 items, got 1");
    CHECK(refusal<std::tuple<int>>("(1, 2, 3)") == "ValueError: expected 1 items, got 3");
    CHECK(refusal<std::pair<int, int>>("()") == "ValueError: expected 2 items, got 0");
    CHECK(refusal<std::tuple<int, int>>("5") == "TypeError: expected tuple, got int");
    CHECK(refusal<std::pair<int, int>>("'ab'") == "TypeError: expected pair, got str");
    CHECK(refusal<std::tuple<int, std::string>>("(1, 2)") == "TypeError: item 1: expected str, got int");
    CHECK(refusal<std::pair<int, int>>("('a', 2)") == "TypeError: item 0: expected int, got str");
}

TEST_CASE_FIXTURE(containers, "vector is a list, and comes of any iterable of values") {
    there_and_back(std::vector<int>(), "[]");
    there_and_back(std::vector{1, 2, 3}, "[1, 2, 3]");
    there_and_back(std::vector<bool>{true, false}, "[True, False]");
    for (const char* const same : {"(1, 2, 3)", "range(1, 4)", "(n + 1 for n in range(3))", "iter([1, 2, 3])",
                                   "{1, 2, 3}", "frozenset((1, 2, 3))", "__import__('array').array('i', [1, 2, 3])"}) {
        CAPTURE(same);
        CHECK((read<std::vector<int>>(same) == std::vector{1, 2, 3}));
    }
    CHECK(refusal<std::vector<std::string>>("'text'") == "TypeError: expected list, got str");
    CHECK(refusal<std::vector<int>>("b'bytes'") == "TypeError: expected list, got bytes");
    CHECK(refusal<std::vector<int>>("bytearray(b'x')") == "TypeError: expected list, got bytearray");
    CHECK(refusal<std::vector<int>>("{1: 2}") == "TypeError: expected list, got dict");
    CHECK(refusal<std::vector<int>>("7") == "TypeError: expected list, got int");
    CHECK(refusal<std::vector<int>>("[1, 'b', 3]") == "TypeError: item 1: expected int, got str");
    CHECK(refusal<std::vector<signed char>>("[1, 2, 300]") ==
          "OverflowError: item 2: 300 is not in the range -128 to 127");
    CHECK(refusal<std::vector<int>>("(1 // n for n in (1, 0))")
              .ends_with("ZeroDivisionError: integer division or modulo "
                         "by zero"));
}

TEST_CASE_FIXTURE(containers, "array is a list of just as many items") {
    there_and_back(std::array{1, 2, 3}, "[1, 2, 3]");
    there_and_back(std::array<int, 0>(), "[]");
    CHECK((read<std::array<int, 2>>("(1, 2)") == std::array{1, 2}));
    CHECK(refusal<std::array<int, 3>>("[1, 2]") == "ValueError: expected 3 items, got 2");
    CHECK(refusal<std::array<int, 2>>("[1, None]") == "TypeError: item 1: expected int, got NoneType");
    CHECK(refusal<std::array<int, 2>>("{}") == "TypeError: expected list, got dict");
}

TEST_CASE_FIXTURE(containers, "map and unordered_map are dicts, and come of any mapping") {
    using map = std::map<std::string, int>;
    there_and_back(map(), "{}");
    there_and_back(map{{"b", 2}, {"a", 1}}, "{'a': 1, 'b': 2}");
    there_and_back(std::unordered_map<int, bool>{{1, true}}, "{1: True}");
    CHECK((read<map>("__import__('types').MappingProxyType({'a': 1})") == map{{"a", 1}}));
    CHECK((read<map>("__import__('collections').OrderedDict(a=1)") == map{{"a", 1}}));
    CHECK(refusal<map>("[('a', 1)]") == "TypeError: expected dict, got list");
    CHECK(refusal<map>("'a'") == "TypeError: expected dict, got str");
    CHECK(refusal<map>("None") == "TypeError: expected dict, got NoneType");
    CHECK(refusal<map>("{1: 2}") == "TypeError: key: expected str, got int");
    CHECK(refusal<map>("{'a': 1, 'b': 'two'}") == "TypeError: value of 'b': expected int, got str");
    CHECK(refusal<std::map<int, signed char>>("{7: 1000}") ==
          "OverflowError: value of 7: 1000 is not in the range -128 to 127");
}

TEST_CASE_FIXTURE(containers, "a map's key that cannot be one in Python is an error") {
    CHECK(error_of([&] { static_cast<void>(py.value(std::map<std::vector<int>, int>{{{1}, 2}})); }) ==
          "TypeError: unhashable type: 'list'");
}

TEST_CASE_FIXTURE(containers, "set is a set") {
    there_and_back(std::set<int>(), "set()");
    there_and_back(std::set{2, 1}, "{1, 2}");
    CHECK((read<std::set<int>>("frozenset((3, 4))") == std::set{3, 4}));
    CHECK(refusal<std::set<int>>("[1, 2]") == "TypeError: expected set, got list");
    CHECK(refusal<std::set<int>>("{'a'}") == "TypeError: expected int, got str");
}

TEST_CASE_FIXTURE(containers, "containers nest, and errors name the way") {
    using nested = std::map<std::string, std::vector<std::optional<std::pair<int, double>>>>;
    there_and_back(nested{{"a", {std::pair(1, 0.5), std::nullopt}}, {"b", {}}}, "{'a': [(1, 0.5), None], 'b': []}");
    CHECK(refusal<nested>("{'a': [(1, 'x')]}") == "TypeError: value of 'a': item 0: item 1: expected float, got str");
    CHECK(refusal<std::vector<std::vector<int>>>("[[1], [2, 'x']]") ==
          "TypeError: item 1: item 1: expected int, got str");
    CHECK(refusal<nested>("{'a': [(1, 2, 3)]}") == "ValueError: value of 'a': item 0: expected 2 items, got 3");
}

TEST_CASE_FIXTURE(containers, "an error that Python raises itself keeps its class and its words") {
    // Only what the conversions themselves say is put into context.
    CHECK(
        refusal<std::vector<std::string>>("['\\ud800']").starts_with("UnicodeEncodeError: 'utf-8' codec can't encode"));
}

TEST_CASE_FIXTURE(containers, "references in containers keep their counts") {
    const bound target = evaluate("object()");
    {
        const std::vector<bound> many(3, target);
        const bound list = py.value(many);
        CHECK(count_of(target) == 1 + 3 + 3);
        const auto back = list.to<std::vector<object>>();
        CHECK(count_of(target) == 1 + 3 + 3 + 3);
        const bound tuple = py.value(std::tuple(target, target));
        const bound pair = py.value(std::pair(target, target));
        CHECK(count_of(target) == 1 + 3 + 3 + 3 + 2 + 2);
        const bound dict = py.value(std::map<int, bound>{{1, target}});
        CHECK(count_of(target) == 1 + 3 + 3 + 3 + 2 + 2 + 1);
    }
    CHECK(count_of(target) == 1);
}

TEST_CASE_FIXTURE(containers, "a container whose item has no value in Python releases the others") {
    const bound target = evaluate("object()");
    using item = std::variant<bound, std::string>;
    const std::string bad = "\xff";
    CHECK(error_of([&] {
              static_cast<void>(py.value(std::vector<item>{target, bad}));
          }).starts_with("UnicodeDecodeError"));
    CHECK(error_of([&] { static_cast<void>(py.value(std::tuple(target, bad))); }).starts_with("UnicodeDecodeError"));
    CHECK(error_of([&] { static_cast<void>(py.value(std::pair(target, bad))); }).starts_with("UnicodeDecodeError"));
    CHECK(error_of([&] {
              static_cast<void>(py.value(std::map<int, item>{{1, target}, {2, bad}}));
          }).starts_with("UnicodeDecodeError"));
    CHECK(count_of(target) == 1);
}

}  // namespace
}  // namespace pyasync::py
