// framework/src/py/convert.cpp: the conversions that are the same for many types.
// SPDX-License-Identifier: MIT
#include <pyasync/py/convert.hpp>

#include <algorithm>

#include <pyasync/py/convert_containers.hpp>

namespace pyasync::py {

namespace {

/// The int that an integer-like object stands for.
bound index_of(const bound& source) {
    if (PyLong_Check(source.ptr())) return source;
    if (!PyIndex_Check(source.ptr())) detail::expected("int", source);
    return bound::steal(source.py(), PyNumber_Index(source.ptr()));
}

bool overflowed(const bound& number) {
    if (PyErr_Occurred() == nullptr) return false;
    if (PyErr_ExceptionMatches(PyExc_OverflowError) == 0) detail::throw_python_error(number.py());
    PyErr_Clear();
    return true;
}

/// A number in digits; an int has more of them than Python is willing to print, maybe.
std::string number_text(const bound& number) {
    try {
        return number.str();
    } catch (const python_error&) {
        return "an int of " + number.call_method("bit_length").str() + " bits";
    }
}

/// A copy, piece by piece. The memory that malloc gives for that of a str or bytes of whole pages is the next one, whose
/// place within its page is 16 bytes further. Between such two, REP MOVSB takes 30 times as long as usual on AMD's Zen 3 and
/// 4 (glibc's bug 30994), and glibc takes it for more than 2 KiB.
template <typename Container>
Container copy_of(std::span<const typename Container::value_type> content) {
    Container copy;
    copy.reserve(content.size());
    while (!content.empty()) {
        const auto piece = content.first(std::min<std::size_t>(content.size(), 2048));
        copy.insert(copy.end(), piece.data(), piece.data() + piece.size());
        content = content.subspan(piece.size());
    }
    return copy;
}

/// A view of an object's memory, given back at the end.
class buffer {
public:
    explicit buffer(const bound& source) {
        if (PyObject_CheckBuffer(source.ptr()) == 0) detail::expected("bytes", source);
        detail::raise_if_negative(source.py(), PyObject_GetBuffer(source.ptr(), &view_, PyBUF_SIMPLE));
    }
    buffer(const buffer&) = delete;
    buffer& operator=(const buffer&) = delete;
    ~buffer() { PyBuffer_Release(&view_); }

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
        return {static_cast<const std::byte*>(view_.buf), static_cast<std::size_t>(view_.len)};
    }

private:
    Py_buffer view_{};
};

}  // namespace

void detail::expected(const char* what, const bound& source) {
    raise(source.py(), PyExc_TypeError, std::string("expected ") + what + ", got " + source.type_name());
}

void detail::does_not_fit(const bound& source, const std::string& lowest, const std::string& highest) {
    raise(source.py(), PyExc_OverflowError, number_text(source) + " is not in the range " + lowest + " to " + highest);
}

bound detail::from_signed(python py, long long value) { return bound::steal(py, PyLong_FromLongLong(value)); }

bound detail::from_unsigned(python py, unsigned long long value) {
    return bound::steal(py, PyLong_FromUnsignedLongLong(value));
}

long long detail::to_signed(const bound& source, long long lowest, long long highest) {
    const bound number = index_of(source);
    const long long value = PyLong_AsLongLong(number.ptr());
    if ((value == -1 && overflowed(number)) || value < lowest || value > highest) {
        does_not_fit(number, std::to_string(lowest), std::to_string(highest));
    }
    return value;
}

unsigned long long detail::to_unsigned(const bound& source, unsigned long long highest) {
    const bound number = index_of(source);
    const unsigned long long value = PyLong_AsUnsignedLongLong(number.ptr());
    if ((value == static_cast<unsigned long long>(-1) && overflowed(number)) || value > highest) {
        does_not_fit(number, "0", std::to_string(highest));
    }
    return value;
}

double detail::to_double(const bound& source) {
    if (PyFloat_Check(source.ptr())) return PyFloat_AS_DOUBLE(source.ptr());
    if (PyNumber_Check(source.ptr()) == 0) expected("float", source);
    const double value = PyFloat_AsDouble(source.ptr());
    if (value == -1.0 && PyErr_Occurred() != nullptr) throw_python_error(source.py());
    return value;
}

double detail::to_seconds(const bound& source) {
    return to_double(source.has_attr("total_seconds") ? source.call_method("total_seconds") : source);
}

void detail::require_items(const bound& source, const char* what) {
    PyObject* const target = source.ptr();
    const bool items = (PySequence_Check(target) != 0 || PyAnySet_Check(target) || PyIter_Check(target) != 0) &&
                       !PyUnicode_Check(target) && !PyBytes_Check(target) && !PyByteArray_Check(target) &&
                       !PyDict_Check(target);
    if (!items) expected(what, source);
}

std::vector<bound> detail::exactly(const bound& source, std::size_t count, const char* what) {
    require_items(source, what);
    std::vector<bound> items;
    for (const bound& item : source) items.push_back(item);
    if (items.size() != count) {
        raise(source.py(), PyExc_ValueError,
              "expected " + std::to_string(count) + " items, got " + std::to_string(items.size()));
    }
    return items;
}

std::string converter<std::string>::from_python(const bound& source) {
    if (!PyUnicode_Check(source.ptr())) detail::expected("str", source);
    Py_ssize_t size = 0;
    const char* const text = PyUnicode_AsUTF8AndSize(source.ptr(), &size);
    if (text == nullptr) detail::throw_python_error(source.py());
    return copy_of<std::string>({text, static_cast<std::size_t>(size)});
}

bound converter<std::span<const std::byte>>::to_python(python py, std::span<const std::byte> value) {
    return bound::steal(py, PyBytes_FromStringAndSize(reinterpret_cast<const char*>(value.data()),
                                                      static_cast<Py_ssize_t>(value.size())));
}

std::vector<std::byte> converter<std::vector<std::byte>>::from_python(const bound& source) {
    const buffer held(source);
    return copy_of<std::vector<std::byte>>(held.bytes());
}

bound converter<std::filesystem::path>::to_python(python py, const std::filesystem::path& value) {
    const bound name = bound::steal(py, PyUnicode_DecodeFSDefault(value.c_str()));
    return py.import("pathlib").attr("Path")(name);
}

std::filesystem::path converter<std::filesystem::path>::from_python(const bound& source) {
    PyObject* encoded = nullptr;
    if (PyUnicode_FSConverter(source.ptr(), &encoded) == 0) detail::throw_python_error(source.py());
    const bound bytes = bound::steal(source.py(), encoded);
    return {PyBytes_AS_STRING(bytes.ptr())};
}

}  // namespace pyasync::py
