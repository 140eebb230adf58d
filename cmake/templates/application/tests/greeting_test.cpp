// tests/greeting_test.cpp: the greeting, as the two languages make it.
#include <pyasync/pyasync.hpp>
#include <pyasync/testing.hpp>

#include "../greeting.hpp"

PYASYNC_TEST_CASE("greets whom Python names") {
    CHECK(co_await greeting("Good morning") == "Good morning, @name@");
    CHECK(co_await greeting("Good evening") == "Good evening, @name@");
}

PYASYNC_TEST_MAIN()
