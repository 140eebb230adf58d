// framework/src/py/object.cpp: references on top of CPython's abstract object protocol.
// SPDX-License-Identifier: MIT
#include <pyasync/py/object.hpp>

#include <pyasync/py/convert.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/into_python.hpp>
#include <pyasync/py/reclaim.hpp>

namespace pyasync::py {

using detail::into_python;
using detail::raise_if_negative;
using detail::raise_if_null;

bound python::import(const char* module) const {
    return bound::steal(*this, into_python([&] { return PyImport_ImportModule(module); }));
}

bound python::none() const { return bound::borrow(*this, Py_None); }

bound bound::steal(python py, PyObject* owned) { return bound(raise_if_null(py, owned)); }

bound bound::borrow(python py, PyObject* borrowed) { return bound(Py_NewRef(raise_if_null(py, borrowed))); }

bound bound::attr(const char* name) const {
    return steal(py(), into_python([&] { return PyObject_GetAttrString(pointer_, name); }));
}

void bound::set_attr(const char* name, const bound& value) const {
    raise_if_negative(py(), into_python([&] { return PyObject_SetAttrString(pointer_, name, value.pointer_); }));
}

bool bound::has_attr(const char* name) const {
    return into_python([&] { return PyObject_HasAttrString(pointer_, name); }) != 0;
}

bool bound::is_instance(const bound& type) const {
    const int answer = into_python([&] { return PyObject_IsInstance(pointer_, type.pointer_); });
    raise_if_negative(py(), answer);
    return answer != 0;
}

bound::operator bool() const {
    const int answer = into_python([&] { return PyObject_IsTrue(pointer_); });
    raise_if_negative(py(), answer);
    return answer != 0;
}

namespace {

/// Text for people: what is no Unicode in it (lone surrogates) comes with Python's escapes.
std::string readable(const bound& text) {
    const bound encoded =
        bound::steal(text.py(), PyUnicode_AsEncodedString(text.ptr(), "utf-8", /*errors=*/"backslashreplace"));
    return {PyBytes_AS_STRING(encoded.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(encoded.ptr()))};
}

}  // namespace

std::string bound::repr() const {
    return readable(steal(py(), into_python([&] { return PyObject_Repr(pointer_); })));
}

std::string bound::str() const {
    return readable(steal(py(), into_python([&] { return PyObject_Str(pointer_); })));
}

bound::iterator bound::begin() const {
    iterator first(steal(py(), into_python([&] { return PyObject_GetIter(pointer_); })), bound(nullptr));
    ++first;
    return first;
}

bound::iterator bound::end() const noexcept { return {bound(nullptr), bound(nullptr)}; }

bound::iterator& bound::iterator::operator++() {
    item_ = bound(into_python([&] { return PyIter_Next(items_.ptr()); }));
    if (item_.ptr() == nullptr && PyErr_Occurred() != nullptr) detail::throw_python_error(items_.py());
    return *this;
}

void object::reset() noexcept {
    if (PyObject* const target = std::exchange(pointer_, nullptr)) detail::give_up(target);
}

}  // namespace pyasync::py
