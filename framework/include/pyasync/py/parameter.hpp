// framework/include/pyasync/py/parameter.hpp: the parameters of a C++ function, as Python's callers see them.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include <pyasync/py/convert.hpp>

namespace pyasync::py {

/// A parameter: its name, and what it is where the caller leaves it out. `{"host", arg("port") = 80}`
class parameter {
public:
    /// One that has to be given. Not explicit, so that a list of parameters may name it by a literal.
    parameter(const char* name) : name_(name) {}  // NOLINT(google-explicit-constructor)
    parameter(const char* name, std::function<bound(python)> otherwise)
        : name_(name), otherwise_(std::move(otherwise)) {}

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] bool may_be_left_out() const noexcept { return static_cast<bool>(otherwise_); }
    /// Made once, when the function is: as in Python, all calls share it.
    [[nodiscard]] bound default_value(python py) const { return otherwise_(py); }

private:
    std::string name_;
    std::function<bound(python)> otherwise_;
};

/// A parameter with a default: `arg("port") = 80`. The value is converted by `converter<T>`.
class arg {
public:
    explicit constexpr arg(const char* name) noexcept : name_(name) {}

    template <typename T>
    [[nodiscard]] parameter operator=(T&& value) const {
        return {name_, [kept = std::decay_t<T>(std::forward<T>(value))](python py) { return py.value(kept); }};
    }

private:
    const char* name_;
};

}  // namespace pyasync::py
