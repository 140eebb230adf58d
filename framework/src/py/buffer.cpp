// framework/src/py/buffer.cpp: a memoryview as the owner of a piece of memory.
// SPDX-License-Identifier: MIT
#include <pyasync/py/buffer.hpp>

namespace pyasync::py {
namespace {

bound view_of(const bound& source) {
    if (PyObject_CheckBuffer(source.ptr()) == 0)
        detail::expected("a buffer (bytes, bytearray, memoryview, ...)", source);
    const bound view = bound::steal(source.py(), PyMemoryView_FromObject(source.ptr()));
    if (PyBuffer_IsContiguous(PyMemoryView_GET_BUFFER(view.ptr()), 'C') == 0) {
        detail::raise(source.py(), PyExc_BufferError, "expected a contiguous buffer; make a copy of it with bytes()");
    }
    return view;
}

const Py_buffer& described(const bound& view) { return *PyMemoryView_GET_BUFFER(view.ptr()); }

bound owner_of(python py, const object& view) { return view.bind(py).attr("obj"); }

}  // namespace

buffer::buffer(const bound& source) {
    const bound view = view_of(source);
    data_ = static_cast<const std::byte*>(described(view).buf);
    size_ = static_cast<std::size_t>(described(view).len);
    view_ = view.unbind();
}

bound buffer::owner(python py) const { return owner_of(py, view_); }

writable_buffer::writable_buffer(const bound& source) {
    const bound view = view_of(source);
    if (described(view).readonly != 0) {
        detail::raise(source.py(), PyExc_BufferError,
                      "expected a buffer that can be written to, got " + source.type_name() + ", which is read-only");
    }
    data_ = static_cast<std::byte*>(described(view).buf);
    size_ = static_cast<std::size_t>(described(view).len);
    view_ = view.unbind();
}

bound writable_buffer::owner(python py) const { return owner_of(py, view_); }

}  // namespace pyasync::py
