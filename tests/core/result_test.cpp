// tests/core/result_test.cpp: a value or an exception.
// SPDX-License-Identifier: MIT
#include <pyasync/core/result.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "support/counted.hpp"

namespace pyasync::detail {
namespace {

std::string message_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        return e.what();
    }
}

TEST_CASE("a result is empty until it is set") {
    result<int> value;
    CHECK_FALSE(value.ready());
    CHECK_FALSE(value.failed());
    value.set_value(3);
    CHECK(value.ready());
    CHECK_FALSE(value.failed());
    CHECK(value.take() == 3);
}

TEST_CASE("a void result is set like any other") {
    result<void> nothing;
    CHECK_FALSE(nothing.ready());
    nothing.set_value();
    CHECK(nothing.ready());
    CHECK_FALSE(nothing.failed());
    nothing.take();
}

TEST_CASE("a result that has failed holds the exception") {
    result<int> value;
    value.set_error(std::make_exception_ptr(std::runtime_error("no luck")));
    CHECK(value.ready());
    CHECK(value.failed());
    CHECK(message_of(value.error()) == "no luck");
}

TEST_CASE("a result whose exception has been taken holds no share in it, and has failed still") {
    struct counting : std::exception {
        counting(std::shared_ptr<int> shared_) : shared(std::move(shared_)) {}
        std::shared_ptr<int> shared;
    };
    const auto shared = std::make_shared<int>(1);
    result<int> value;
    value.set_error(std::make_exception_ptr(counting(shared)));
    {
        const std::exception_ptr taken = value.take_error();
    }
    CHECK(shared.use_count() == 1);
    CHECK(value.failed());
}

TEST_CASE("a result may hold an exception_ptr as its value") {
    result<std::exception_ptr> value;
    value.set_value(std::make_exception_ptr(std::runtime_error("a value")));
    CHECK(value.ready());
    CHECK_FALSE(value.failed());
    CHECK(message_of(value.take()) == "a value");
}

TEST_CASE("a result is made in place and moved out, never copied") {
    const test::census all;
    {
        result<test::counted> value;
        value.set_value(5);
        CHECK(test::counted::moves == 0);
        CHECK(value.take().number() == 5);
        CHECK(test::counted::copies == 0);
        CHECK(test::counted::moves == 1);
    }
    result<std::unique_ptr<int>> owner;
    owner.set_value(std::make_unique<int>(4));
    CHECK(*owner.take() == 4);
}

TEST_CASE("set_from keeps what a function returns or throws") {
    result<int> value;
    set_from(value, [] { return 9; });
    CHECK(value.take() == 9);

    result<void> nothing;
    set_from(nothing, [] {});
    CHECK(nothing.ready());
    CHECK_FALSE(nothing.failed());

    result<int> failed;
    set_from(failed, []() -> int { throw std::runtime_error("thrown"); });
    REQUIRE(failed.failed());
    CHECK(message_of(failed.error()) == "thrown");
}

TEST_CASE("set_from keeps the exception of a result that cannot be moved in") {
    struct sulky {
        sulky() = default;
        sulky(sulky&&) { throw std::runtime_error("will not move"); }
    };
    result<sulky> value;
    set_from(value, [] { return sulky(); });
    REQUIRE(value.failed());
    CHECK(message_of(value.error()) == "will not move");
}

TEST_CASE("a result takes over what another one holds, also where it cannot be assigned") {
    const test::census all;
    result<test::counted> from, to;
    from.set_value(7);
    to.take_over(from);
    CHECK(to.take().number() == 7);
    CHECK(test::counted::copies == 0);

    result<void> nothing, failed;
    failed.set_error(std::make_exception_ptr(std::runtime_error("thrown")));
    nothing.take_over(failed);
    REQUIRE(nothing.failed());
    CHECK(message_of(nothing.error()) == "thrown");
}

TEST_CASE("a result that cannot be taken over fails with what the move threw") {
    struct sulky {
        sulky() = default;
        sulky(sulky&&) { throw std::runtime_error("will not move"); }
    };
    result<sulky> from, to;
    from.set_value();
    to.take_over(from);
    REQUIRE(to.failed());
    CHECK(message_of(to.error()) == "will not move");
}

}  // namespace
}  // namespace pyasync::detail
