// framework/include/pyasync/py/arguments.hpp: what a caller gives, sorted by the parameters of the function.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

#include <pyasync/py/parameter.hpp>

namespace pyasync::py::detail {

/// The parameters of one function. Without names they are positional only.
class parameter_list {
public:
    /// `arity` parameters; as many names, or none. Throws `std::logic_error` where a parameter without a default stands
    /// behind one that has one, or the numbers differ.
    parameter_list(python py, std::size_t arity, const std::vector<parameter>& named);

    [[nodiscard]] std::size_t size() const noexcept { return arity_; }
    [[nodiscard]] bool named() const noexcept { return !names_.empty(); }
    [[nodiscard]] const std::string& name(std::size_t index) const { return names_[index]; }
    /// How a message calls it: its name, or its place.
    [[nodiscard]] std::string described(std::size_t index) const;
    /// Borrowed; null where it has to be given.
    [[nodiscard]] PyObject* default_value(std::size_t index) const { return defaults_[index].ptr(); }

    /// The values of all parameters, borrowed, of what a vectorcall brings: `given` positional ones and, behind them,
    /// one for each of the names in the tuple `keywords` (or null). Throws the TypeError that a Python function raises
    /// where they do not fit.
    [[nodiscard]] std::vector<PyObject*> arrange(python py, const std::string& function, PyObject* const* values,
                                                 std::size_t given, PyObject* keywords) const;

private:
    [[nodiscard]] std::size_t required() const noexcept;
    void place_keywords(python py, const std::string& function, PyObject* const* values, PyObject* keywords,
                        std::vector<PyObject*>& placed) const;
    [[noreturn]] void refuse_count(python py, const std::string& function, std::size_t given) const;
    [[noreturn]] void refuse_missing(python py, const std::string& function,
                                     const std::vector<PyObject*>& placed) const;

    std::size_t arity_;
    std::vector<std::string> names_;
    std::vector<object> defaults_;
};

}  // namespace pyasync::py::detail
