// framework/include/pyasync/py/convert.hpp: values between C++ and Python, and the calls that use them.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <pyasync/py/error.hpp>
#include <pyasync/py/into_python.hpp>
#include <pyasync/py/let_go.hpp>
#include <pyasync/py/object.hpp>

namespace pyasync::py {

/// How a `T` goes to Python and comes back. Specialise it for a type of your own:
///
///     template <> struct pyasync::py::converter<point> {
///         static bound to_python(python py, const point& p) { return py.value(std::tuple(p.x, p.y)); }
///         static point from_python(const bound& b) { auto [x, y] = b.to<std::tuple<int, int>>(); return {x, y}; }
///         static const char* annotation() { return "tuple[int, int]"; }     // may be left out
///     };
///
/// **Thread.** Both run under the GIL; what travels between tasks and Python is converted on the asyncio thread.
/// **Errors.** `from_python` throws a `TypeError` for a wrong type and an `OverflowError` for a number out of range.
/// There for: bool, integers (checked), floating point (an int will do), std::string, string_view and literals (to
/// Python), `vector<std::byte>` and `span<const std::byte>` (bytes; any buffer comes back), chrono durations (seconds
/// as a float; a timedelta will do), filesystem::path (pathlib.Path; anything of os.PathLike), `bound` and `object`;
/// and, in convert_containers.hpp, optional, variant, pair, tuple, vector, array, map, unordered_map, set.
template <typename T>
struct converter;

/// The Python type that stands for a `T` in a signature: what `converter<T>::annotation()` says; "" where it says
/// nothing.
template <typename T>
[[nodiscard]] std::string annotation_of() {
    if constexpr (std::is_void_v<T>) {
        return "None";
    } else if constexpr (requires {
                             { converter<T>::annotation() } -> std::convertible_to<std::string>;
                         }) {
        return converter<T>::annotation();
    } else {
        return "";
    }
}

template <typename T>
concept to_python_convertible = requires(python py, T&& value) {
    { converter<std::decay_t<T>>::to_python(py, std::forward<T>(value)) } -> std::same_as<bound>;
};

template <typename T>
concept from_python_convertible = requires(const bound& source) {
    { converter<T>::from_python(source) } -> std::same_as<T>;
};

namespace detail {

/// Throws a TypeError: expected `what`, got the type of `source`.
[[noreturn]] void expected(const char* what, const bound& source);
[[noreturn]] void does_not_fit(const bound& source, const std::string& lowest, const std::string& highest);

[[nodiscard]] bound from_signed(python py, long long value);
[[nodiscard]] bound from_unsigned(python py, unsigned long long value);
[[nodiscard]] long long to_signed(const bound& source, long long lowest, long long highest);
[[nodiscard]] unsigned long long to_unsigned(const bound& source, unsigned long long highest);
[[nodiscard]] double to_double(const bound& source);
[[nodiscard]] double to_seconds(const bound& source);

template <typename T>
concept character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
                    std::same_as<T, char16_t> || std::same_as<T, char32_t>;
template <typename T>
concept integer = std::integral<T> && !std::same_as<T, bool> && !character<T>;

}  // namespace detail

template <>
struct converter<bool> {
    static const char* annotation() { return "bool"; }
    static bound to_python(python py, bool value) { return bound::borrow(py, value ? Py_True : Py_False); }
    static bool from_python(const bound& source) {
        if (!PyBool_Check(source.ptr())) detail::expected("bool", source);
        return source.ptr() == Py_True;
    }
};

template <detail::integer T>
struct converter<T> {
    static const char* annotation() { return "int"; }
    using limits = std::numeric_limits<T>;
    static bound to_python(python py, T value) {
        if constexpr (std::is_signed_v<T>) {
            return detail::from_signed(py, value);
        } else {
            return detail::from_unsigned(py, value);
        }
    }
    static T from_python(const bound& source) {
        if constexpr (std::is_signed_v<T>) {
            return static_cast<T>(detail::to_signed(source, limits::min(), limits::max()));
        } else {
            return static_cast<T>(detail::to_unsigned(source, limits::max()));
        }
    }
};

template <std::floating_point T>
struct converter<T> {
    static const char* annotation() { return "float"; }
    static bound to_python(python py, T value) {
        return bound::steal(py, PyFloat_FromDouble(static_cast<double>(value)));
    }
    static T from_python(const bound& source) { return static_cast<T>(detail::to_double(source)); }
};

template <>
struct converter<std::string_view> {
    static const char* annotation() { return "str"; }
    static bound to_python(python py, std::string_view value) {
        return bound::steal(
            py, PyUnicode_DecodeUTF8(value.data(), static_cast<Py_ssize_t>(value.size()), /*errors=*/nullptr));
    }
};

template <>
struct converter<const char*> : converter<std::string_view> {};
template <>
struct converter<char*> : converter<std::string_view> {};

template <>
struct converter<std::string> : converter<std::string_view> {
    static std::string from_python(const bound& source);
};

template <>
struct converter<std::span<const std::byte>> {
    static const char* annotation() { return "bytes"; }
    static bound to_python(python py, std::span<const std::byte> value);
};

template <>
struct converter<std::vector<std::byte>> : converter<std::span<const std::byte>> {
    static std::vector<std::byte> from_python(const bound& source);
};

template <typename Rep, typename Period>
struct converter<std::chrono::duration<Rep, Period>> {
    static const char* annotation() { return "float"; }
    using duration = std::chrono::duration<Rep, Period>;
    static bound to_python(python py, duration value) {
        return bound::steal(py, PyFloat_FromDouble(std::chrono::duration<double>(value).count()));
    }
    static duration from_python(const bound& source) {
        const std::chrono::duration<double> seconds(detail::to_seconds(source));
        if constexpr (std::chrono::treat_as_floating_point_v<Rep>) {
            return std::chrono::duration_cast<duration>(seconds);
        } else {
            const auto lowest = std::chrono::duration<double>(duration::min());
            const auto highest = std::chrono::duration<double>(duration::max());
            if (!(seconds > lowest && seconds < highest)) {
                detail::does_not_fit(source, std::to_string(lowest.count()), std::to_string(highest.count()));
            }
            return std::chrono::round<duration>(seconds);
        }
    }
};

template <>
struct converter<std::filesystem::path> {
    static const char* annotation() { return "pathlib.Path"; }
    static bound to_python(python py, const std::filesystem::path& value);
    static std::filesystem::path from_python(const bound& source);
};

template <>
struct converter<bound> {
    static bound to_python(python, const bound& value) { return value; }
    static bound from_python(const bound& source) { return source; }
};

/// `std::ref`, `std::cref`: a value that the caller keeps until it is converted.
template <typename T>
struct converter<std::reference_wrapper<T>> {
    static bound to_python(python py, std::reference_wrapper<T> value) { return py.value(std::as_const(value.get())); }
};

template <>
struct converter<object> {
    static bound to_python(python py, const object& value) { return value.empty() ? py.none() : value.bind(py); }
    static object from_python(const bound& source) { return source.unbind(); }
};

template <typename T>
bound python::value(T&& value) const {
    using source = std::decay_t<T>;
    static_assert(to_python_convertible<T>,
                  "this type has no way to Python: specialise pyasync::py::converter<T> with to_python(py, value)");
    return converter<source>::to_python(*this, std::forward<T>(value));
}

template <typename T>
T bound::to() const {
    if constexpr (!std::is_void_v<T>) {
        static_assert(
            from_python_convertible<T>,
            "this type has no way out of Python: specialise pyasync::py::converter<T> with from_python(bound)");
        return converter<T>::from_python(*this);
    }
}

namespace detail {

template <typename T>
inline constexpr bool is_keyword = false;
template <typename T>
inline constexpr bool is_keyword<keyword_argument<T>> = true;

/// The arguments of one call, converted, in the layout of CPython's vectorcall.
template <std::size_t Count>
class call_arguments {
public:
    // Delegates, so that the destructor releases what had been added where an argument cannot be converted.
    template <typename... Args>
    explicit call_arguments([[maybe_unused]] python py, Args&&... args) : call_arguments() {
        (add(py, std::forward<Args>(args)), ...);
    }
    call_arguments(const call_arguments&) = delete;
    call_arguments& operator=(const call_arguments&) = delete;
    ~call_arguments() {
        for (std::size_t i = 1; i <= added_; ++i) detail::let_go(values_[i]);
        detail::let_go(names_);
    }

    /// With a slot before the first argument that the callee may use.
    [[nodiscard]] PyObject* call(PyObject* callable) {
        return into_python([&] {
            return PyObject_Vectorcall(callable, values_.data() + 1, positional_ | PY_VECTORCALL_ARGUMENTS_OFFSET,
                                       names_);
        });
    }
    [[nodiscard]] PyObject* call_method(PyObject* self, PyObject* name) {
        values_[0] = self;
        return into_python([&] { return PyObject_VectorcallMethod(name, values_.data(), positional_ + 1, names_); });
    }

private:
    call_arguments() noexcept = default;

    template <typename T>
    void add(python py, T&& argument) {
        if constexpr (is_keyword<std::decay_t<T>>) {
            add_name(py, argument.name);
            add(py, std::forward<T>(argument).value);
        } else {
            with_subject(
                py, [this] { return "argument " + std::to_string(added_ + 1); },
                [&] { values_[added_ + 1] = py.value(std::forward<T>(argument)).release(); });
            ++added_;
            if (names_ == nullptr) ++positional_;
        }
    }
    void add_name(python py, const char* name) {
        const bound text = bound::steal(py, PyUnicode_InternFromString(name));
        if (names_ == nullptr) names_ = raise_if_null(py, PyTuple_New(0));
        const bound last = bound::steal(py, PyTuple_Pack(1, text.ptr()));
        PyObject* const longer = raise_if_null(py, PySequence_Concat(names_, last.ptr()));
        detail::replace(names_, longer);
    }

    std::array<PyObject*, Count + 1> values_{};
    std::size_t added_ = 0;
    std::size_t positional_ = 0;
    PyObject* names_ = nullptr;
};

template <typename... Args>
consteval bool keywords_last() {
    bool seen = false;
    for (const bool keyword : {false, is_keyword<std::decay_t<Args>>...}) {
        if (seen && !keyword) return false;
        seen = keyword;
    }
    return true;
}

}  // namespace detail

template <typename... Args>
bound bound::operator()(Args&&... args) const {
    static_assert(detail::keywords_last<Args...>(), "keyword arguments come after the positional ones");
    return steal(py(), detail::call_arguments<sizeof...(Args)>(py(), std::forward<Args>(args)...).call(pointer_));
}

template <typename... Args>
bound bound::call_method(const char* name, Args&&... args) const {
    static_assert(detail::keywords_last<Args...>(), "keyword arguments come after the positional ones");
    const bound method = steal(py(), PyUnicode_InternFromString(name));
    return steal(
        py(),
        detail::call_arguments<sizeof...(Args)>(py(), std::forward<Args>(args)...).call_method(pointer_, method.ptr()));
}

template <typename Key>
bound bound::operator[](Key&& key) const {
    return steal(py(), PyObject_GetItem(pointer_, py().value(std::forward<Key>(key)).ptr()));
}

}  // namespace pyasync::py
