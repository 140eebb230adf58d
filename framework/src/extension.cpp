// framework/src/extension.cpp: what happens when a Python exits that has used this library.
// SPDX-License-Identifier: MIT
#include <pyasync/extension.hpp>

#include <chrono>
#include <cstdio>
#include <source_location>
#include <string>
#include <vector>

#include <pyasync/bridge/asyncio_inbox.hpp>
#include <pyasync/core/fork.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/gil.hpp>
#include <pyasync/py/interpreter.hpp>
#include <pyasync/py/reclaim.hpp>
#include <pyasync/uv/loop_pool.hpp>

namespace pyasync::detail {
namespace {

constexpr auto patience = std::chrono::seconds(5);

void report(const std::vector<std::source_location>& left, bool gil_is_free) {
    std::fprintf(stderr, "pyasync: not ended after %d s, and left behind:\n", static_cast<int>(patience.count()));
    for (const std::source_location& where : left) {
        if (where.line() == 0) {
            std::fprintf(stderr, "  a loop thread that is blocked\n");
        } else {
            std::fprintf(stderr, "  a C++ task started at %s:%u in %s\n", where.file_name(), where.line(),
                         py::detail::function_name(where).c_str());
        }
    }
    if (!gil_is_free) std::fprintf(stderr, "  a thread that holds or waits for the GIL\n");
}

/// Gives the GIL up for a while.
class without_gil {
public:
    without_gil() noexcept : state_(PyEval_SaveThread()) {}
    without_gil(const without_gil&) = delete;
    without_gil& operator=(const without_gil&) = delete;
    ~without_gil() { PyEval_RestoreThread(state_); }

private:
    PyThreadState* state_;
};

PyObject* stop(PyObject*, PyObject*) noexcept {
    if (in_forked_child()) Py_RETURN_NONE;  // all that would be stopped is in its parent
    const py::python py = py::detail::token_maker::make();
    asyncio_inbox::close_all(py);
    std::vector<std::source_location> left;
    bool gil_is_free = false;
    {
        const without_gil free;  // what unwinds may want it
        left = uv::loop_pool::instance().stop(patience);
        gil_is_free = py::detail::close_gil(patience);
    }
    if (!left.empty() || !gil_is_free) report(left, gil_is_free);
    py::detail::reclaim(py);
    Py_RETURN_NONE;
}

}  // namespace

void stop_at_exit(py::python py) {
    static bool done = false;
    if (done || py::interpreter::exists()) return;
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        py::detail::raise(py, PyExc_ImportError, "a module made with pyasync works in the main interpreter only");
    }
    static PyMethodDef method{"stop", &stop, METH_NOARGS, "Stop the libuv loops."};
    py.import("atexit").call_method("register", py::bound::steal(py, PyCFunction_New(&method, nullptr)));
    done = true;
}

}  // namespace pyasync::detail
