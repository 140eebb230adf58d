// framework/include/pyasync/py/object.hpp: references to Python objects: bound to the GIL, and free of it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <pyasync/py/let_go.hpp>
#include <pyasync/py/python.hpp>

namespace pyasync::py {

class object;

/// A reference that is used under the GIL, and owns a count of it.
///
///     py::bound path = py.import("sys").attr("path");
///     for (py::bound entry : path) names.push_back(entry.to<std::string>());
///
/// **Thread.** Used, copied and destroyed with the GIL held: it lives inside a function that was given a `py::python`.
/// To keep it for later, `unbind()`. **Errors.** Whatever Python raises is thrown as `python_error`.
class bound {
public:
    /// Takes over a new reference from the C API; null means that Python has raised, which is thrown.
    [[nodiscard]] static bound steal(python py, PyObject* owned);
    /// Adds a count to a borrowed reference; null as above.
    [[nodiscard]] static bound borrow(python py, PyObject* borrowed);

    bound(const bound& other) noexcept : pointer_(other.pointer_) { Py_XINCREF(pointer_); }
    bound(bound&& other) noexcept : pointer_(std::exchange(other.pointer_, nullptr)) {}
    bound& operator=(bound other) noexcept {
        std::swap(pointer_, other.pointer_);
        return *this;
    }
    ~bound() { detail::let_go(pointer_); }

    /// The token that goes with it.
    [[nodiscard]] python py() const noexcept { return detail::token_maker::make(); }

    [[nodiscard]] bound attr(const char* name) const;
    void set_attr(const char* name, const bound& value) const;
    [[nodiscard]] bool has_attr(const char* name) const;

    /// Calls it; arguments are converted by `converter<T>`, `py::kw("name") = value` is a keyword argument.
    template <typename... Args>
    bound operator()(Args&&... args) const;

    /// `object.name(args...)`.
    template <typename... Args>
    bound call_method(const char* name, Args&&... args) const;

    /// `object[key]`.
    template <typename Key>
    [[nodiscard]] bound operator[](Key&& key) const;

    /// The C++ value, by `converter<T>`; a `TypeError`, `OverflowError` or `ValueError` that says what was expected and
    /// what it is, where it does not fit.
    template <typename T>
    [[nodiscard]] T to() const;

    [[nodiscard]] bool is_none() const noexcept { return pointer_ == Py_None; }
    [[nodiscard]] bool is(const bound& other) const noexcept { return pointer_ == other.pointer_; }
    [[nodiscard]] bool is_instance(const bound& type) const;
    [[nodiscard]] explicit operator bool() const;
    /// As text for people: what UTF-8 cannot have (lone surrogates) comes with Python's escapes.
    [[nodiscard]] std::string repr() const;
    [[nodiscard]] std::string str() const;
    /// The type's name, as error messages have it.
    [[nodiscard]] std::string type_name() const { return Py_TYPE(pointer_)->tp_name; }

    /// The same object, to be kept and moved between threads.
    [[nodiscard]] object unbind() const& noexcept;
    [[nodiscard]] object unbind() && noexcept;

    /// For the C API: borrowed, and with its count given to the caller.
    [[nodiscard]] PyObject* ptr() const noexcept { return pointer_; }
    [[nodiscard]] PyObject* release() noexcept { return std::exchange(pointer_, nullptr); }

    class iterator;
    [[nodiscard]] iterator begin() const;
    [[nodiscard]] iterator end() const noexcept;

private:
    friend class object;
    explicit bound(PyObject* owned) noexcept : pointer_(owned) {}

    PyObject* pointer_;
};

/// Walks over what `iter(object)` yields.
class bound::iterator {
public:
    using value_type = bound;
    using difference_type = std::ptrdiff_t;

    bound operator*() const { return item_; }
    iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& left, const iterator& right) noexcept {
        return left.item_.ptr() == right.item_.ptr();
    }

private:
    friend class bound;
    iterator(bound items, bound item) noexcept : items_(std::move(items)), item_(std::move(item)) {}

    bound items_;
    bound item_;
};

/// An owned reference that may be kept, moved and destroyed on any thread, or empty.
///
/// Without the GIL nothing can be done with it but move it and let it go: `bind(py)` gives the reference to work with.
/// Where it dies on a thread that does not hold the GIL, its count is carried to a thread that does (the asyncio
/// thread, in a running application). Not copyable, since a count can only be added under the GIL: `clone(py)`.
class object {
public:
    object() noexcept = default;
    object(object&& other) noexcept : pointer_(std::exchange(other.pointer_, nullptr)) {}
    object& operator=(object&& other) noexcept {
        std::swap(pointer_, other.pointer_);
        return *this;
    }
    ~object() { reset(); }

    [[nodiscard]] bound bind(python py) const& { return bound::borrow(py, pointer_); }
    [[nodiscard]] bound bind(python py) && { return bound::steal(py, std::exchange(pointer_, nullptr)); }
    [[nodiscard]] object clone(python) const noexcept { return object(Py_XNewRef(pointer_)); }
    void reset() noexcept;

    [[nodiscard]] bool empty() const noexcept { return pointer_ == nullptr; }
    [[nodiscard]] PyObject* ptr() const noexcept { return pointer_; }

private:
    friend class bound;
    explicit object(PyObject* owned) noexcept : pointer_(owned) {}

    PyObject* pointer_ = nullptr;
};

inline object bound::unbind() const& noexcept { return object(Py_NewRef(pointer_)); }
inline object bound::unbind() && noexcept { return object(release()); }

/// A keyword argument: `f(1, py::kw("timeout") = 0.5)`.
template <typename T>
struct keyword_argument {
    const char* name;
    T value;
};

class kw {
public:
    /// `name` must live as long as the call: a literal.
    explicit constexpr kw(const char* name) noexcept : name_(name) {}
    template <typename T>
    [[nodiscard]] keyword_argument<std::decay_t<T>> operator=(T&& value) const {
        return {name_, std::forward<T>(value)};
    }

private:
    const char* name_;
};

}  // namespace pyasync::py
