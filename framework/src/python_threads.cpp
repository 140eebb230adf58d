// framework/src/python_threads.cpp: waiting for them, and naming those that are still at work.
// SPDX-License-Identifier: MIT
#include "python_threads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include <pyasync/py/convert.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/let_go.hpp>

namespace pyasync::detail {
namespace {

/// Is it in Python's own library? What a thread of the program's does there is told by who called it.
bool is_of_library(std::string_view file) {
    constexpr std::string_view names[] = {"/threading.py", "/queue.py", "/selectors.py", "/concurrent/futures/"};
    for (const std::string_view each : names) {
        if (file.find(each) != std::string_view::npos) return true;
    }
    return file.find("/asyncio/") != std::string_view::npos || file.starts_with("<frozen");
}

struct place {
    std::string file;
    std::string function;
    int line;
};

place place_of(const py::bound& frame) {
    const py::bound code = frame.attr("f_code");
    const py::bound line = frame.attr("f_lineno");
    return {code.attr("co_filename").str(), code.attr("co_name").str(), line.is_none() ? 0 : line.to<int>()};
}

/// A thread of an executor that waits for a job.
bool is_idle(const place& innermost) {
    return innermost.function == "_worker" && innermost.file.ends_with("concurrent/futures/thread.py");
}

/// The one in which asyncio waits for those of an executor.
bool is_asyncios(const py::bound& thread) { return thread.attr("name").str().ends_with("(_do_shutdown)"); }

std::string in_words(const py::bound& thread, const place& innermost, py::bound frame) {
    place shown = innermost;
    for (; !frame.is_none(); frame = frame.attr("f_back")) {
        if (place each = place_of(frame); !is_of_library(each.file)) {
            shown = std::move(each);
            break;
        }
    }
    std::string words = fmt::format("the Python thread {}, at {}:{} in {}", thread.attr("name").repr(), shown.file,
                                    shown.line, shown.function);
    // Nothing of it but the library's is Python code: then what it was begun with may tell.
    if (is_of_library(shown.file) && thread.has_attr("_target") && !thread.attr("_target").is_none()) {
        words += ", begun with " + thread.attr("_target").repr();
    }
    return words;
}

// ---- What Python's threading._shutdown() does, which has no limit; it does nothing more when this has been done. ----

PyObject* run_callbacks(PyObject* callbacks, PyObject*) noexcept {
    Py_ssize_t left = PyList_GET_SIZE(callbacks);
    while (left-- > 0) {
        PyObject* const done = PyObject_CallNoArgs(PyList_GET_ITEM(callbacks, left));
        if (done == nullptr) PyErr_WriteUnraisable(PyList_GET_ITEM(callbacks, left));
        py::detail::let_go(done);
    }
    Py_RETURN_NONE;
}

/// Its callbacks: executors tell their threads to end, and wait for that. Returns the thread that does it.
py::bound run_callbacks_at_exit(py::python py) {
    static PyMethodDef run{"run", &run_callbacks, METH_NOARGS, "Call each of them, the last one first."};
    const py::bound threading = py.import("threading");
    const py::bound known = threading.attr("_threading_atexits");
    const py::bound callbacks = known.call_method("copy");
    known.call_method("clear");
    const py::bound function = py::bound::steal(py, PyCFunction_New(&run, callbacks.ptr()));
    py::bound thread = threading.attr("Thread")(py::kw("target") = function, py::kw("daemon") = true,
                                                py::kw("name") = "pyasync at exit");
    thread.call_method("start");
    return thread;
}

/// Who waits for its end is to go on.
void main_thread_ends(py::python py) {
    const py::bound main = py.import("threading").attr("main_thread")();
    if (main.attr("ident").to<unsigned long>() != PyThread_get_thread_ident()) return;
    if (main.has_attr("_tstate_lock")) {  // up to CPython 3.12
        main.attr("_tstate_lock").call_method("release");
        main.call_method("_stop");
    } else {
        main.attr(main.has_attr("_os_thread_handle") ? "_os_thread_handle" : "_handle").call_method("_set_done");
    }
}

std::optional<py::bound> first_to_wait_for(py::python py) {
    const py::bound threading = py.import("threading");
    const py::bound main = threading.attr("main_thread")();
    for (const py::bound& thread : threading.attr("enumerate")()) {
        if (!thread.is(main) && !thread.attr("daemon")) return thread;
    }
    return std::nullopt;
}

}  // namespace

std::vector<std::string> working_python_threads(py::python py) {
    const py::bound threading = py.import("threading");
    const py::bound main = threading.attr("main_thread")();
    const py::bound frames = py.import("sys").attr("_current_frames")();
    std::vector<std::string> found;
    for (const py::bound& thread : threading.attr("enumerate")()) {
        if (thread.is(main) || thread.attr("daemon") || is_asyncios(thread)) continue;
        const py::bound frame = frames.call_method("get", thread.attr("ident"));
        if (frame.is_none()) continue;
        if (const place innermost = place_of(frame); !is_idle(innermost)) {
            found.push_back(in_words(thread, innermost, frame));
        }
    }
    return found;
}

std::vector<std::string> join_python_threads(py::python py, std::chrono::steady_clock::time_point deadline) {
    const py::bound at_exit = run_callbacks_at_exit(py);
    main_thread_ends(py);
    const auto rest = [deadline] {
        const std::chrono::duration<double> left = deadline - std::chrono::steady_clock::now();
        return std::max(left.count(), 0.0);
    };
    at_exit.call_method("join", rest());
    for (;;) {  // they may start others
        const std::optional<py::bound> next = first_to_wait_for(py);
        if (!next) return {};
        next->call_method("join", rest());
        if (next->call_method("is_alive")) return working_python_threads(py);
    }
}

}  // namespace pyasync::detail
