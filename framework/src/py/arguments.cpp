// framework/src/py/arguments.cpp: sorting arguments, and the errors of Python's own functions, word for word.
// SPDX-License-Identifier: MIT
#include <pyasync/py/arguments.hpp>

#include <algorithm>
#include <stdexcept>

namespace pyasync::py::detail {
namespace {

std::string counted(std::size_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

parameter_list::parameter_list(python py, std::size_t arity, const std::vector<parameter>& named)
    : arity_(arity), defaults_(arity) {
    if (!named.empty() && named.size() != arity) {
        throw std::logic_error("pyasync: " + counted(named.size(), "name") + " for " + counted(arity, "parameter"));
    }
    for (std::size_t i = 0; i < named.size(); ++i) {
        names_.push_back(named[i].name());
        if (named[i].may_be_left_out()) {
            defaults_[i] = named[i].default_value(py).unbind();
        } else if (i > 0 && !defaults_[i - 1].empty()) {
            throw std::logic_error("pyasync: parameter '" + named[i].name() +
                                   "' has no default, but follows one that has");
        }
    }
}

std::string parameter_list::described(std::size_t index) const {
    return named() ? "'" + names_[index] + "'" : std::to_string(index + 1);
}

std::size_t parameter_list::required() const noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(defaults_, &object::empty));
}

std::vector<PyObject*> parameter_list::arrange(python py, const std::string& function, PyObject* const* values,
                                               std::size_t given, PyObject* keywords) const {
    if (!named() && keywords != nullptr && PyTuple_GET_SIZE(keywords) > 0) {
        raise(py, PyExc_TypeError, function + "() takes no keyword arguments");
    }
    if (given > arity_ || (!named() && given != arity_)) refuse_count(py, function, given);
    std::vector<PyObject*> placed(values, values + given);
    placed.resize(arity_, nullptr);
    if (keywords != nullptr) place_keywords(py, function, values + given, keywords, placed);
    for (std::size_t i = given; i < arity_; ++i) {
        if (placed[i] == nullptr) placed[i] = default_value(i);
    }
    if (std::ranges::find(placed, nullptr) != placed.end()) refuse_missing(py, function, placed);
    return placed;
}

void parameter_list::place_keywords(python py, const std::string& function, PyObject* const* values, PyObject* keywords,
                                    std::vector<PyObject*>& placed) const {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(keywords); ++i) {
        const auto name = bound::borrow(py, PyTuple_GET_ITEM(keywords, i)).to<std::string>();
        const auto found = std::ranges::find(names_, name);
        if (found == names_.end()) {
            raise(py, PyExc_TypeError, (function + "() got an unexpected keyword argument '").append(name).append("'"));
        }
        PyObject*& place = placed[static_cast<std::size_t>(found - names_.begin())];
        if (place != nullptr) {
            raise(py, PyExc_TypeError, (function + "() got multiple values for argument '").append(name).append("'"));
        }
        place = values[i];
    }
}

void parameter_list::refuse_count(python py, const std::string& function, std::size_t given) const {
    const std::size_t least = required();
    const std::string taken =
        least == arity_ ? counted(arity_, "positional argument")
                        : "from " + std::to_string(least) + " to " + std::to_string(arity_) + " positional arguments";
    raise(
        py, PyExc_TypeError,
        function + "() takes " + taken + " but " + std::to_string(given) + (given == 1 ? " was" : " were") + " given");
}

void parameter_list::refuse_missing(python py, const std::string& function,
                                    const std::vector<PyObject*>& placed) const {
    std::vector<std::string> missing;
    for (std::size_t i = 0; i < arity_; ++i) {
        if (placed[i] == nullptr) missing.push_back("'" + names_[i] + "'");
    }
    std::string names = missing.front();
    for (std::size_t i = 1; i < missing.size(); ++i) {
        const bool last = i + 1 == missing.size();
        names += (missing.size() > 2 ? "," : "") + std::string(last ? " and " : " ") + missing[i];
    }
    raise(py, PyExc_TypeError,
          function + "() missing " + counted(missing.size(), "required positional argument") + ": " + names);
}

}  // namespace pyasync::py::detail
