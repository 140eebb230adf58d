// tests/greeting_test.cpp: the greeting, as the two languages make it.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <string>
#include <utility>

#include <pyasync/pyasync.hpp>

#include "../greeting.hpp"

namespace {

/// What a coroutine comes to, on an event loop of its own.
template <typename T>
T result_of(pyasync::task<T> task) {
    return pyasync::with_gil([&](pyasync::py::python py) { return pyasync::run(py, std::move(task)); });
}

}  // namespace

TEST_CASE("greets whom Python names") {
    CHECK(result_of(greeting("Good morning")) == "Good morning, @name@");
    CHECK(result_of(greeting("Good evening")) == "Good evening, @name@");
}

int main(int argc, char** argv) {
    doctest::Context context(argc, argv);
    const pyasync::interpreter python;  // for all cases: a process has one
    return context.run();
}
