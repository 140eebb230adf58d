// framework/src/standalone/unpacked.cpp: zlib.decompress.
// SPDX-License-Identifier: MIT
#include "unpacked.hpp"

#include <pyasync/py/convert.hpp>
#include <pyasync/py/error.hpp>

namespace pyasync::detail {

unpacked::unpacked(py::python py, std::string_view stored, bool is_packed) : kept_(py.none()), data_(stored) {
    if (!is_packed) return;
    PyObject* const view =
        PyMemoryView_FromMemory(const_cast<char*>(stored.data()), static_cast<Py_ssize_t>(stored.size()), PyBUF_READ);
    kept_ = py.import("zlib").attr("decompress")(py::bound::steal(py, py::detail::raise_if_null(py, view)));
    data_ = {PyBytes_AsString(kept_.ptr()), static_cast<std::size_t>(PyBytes_Size(kept_.ptr()))};
}

}  // namespace pyasync::detail
