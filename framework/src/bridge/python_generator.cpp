// framework/src/bridge/python_generator.cpp: the Python types of an async generator and of its steps.
// SPDX-License-Identifier: MIT
#include <cstddef>

#include <pyasync/bridge/async_generator_into_py.hpp>
#include <pyasync/bridge/python_future.hpp>
#include <pyasync/bridge/stepping.hpp>
#include <pyasync/core/cancellation.hpp>
#include <pyasync/py/cancelled_error.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/let_go.hpp>

namespace pyasync::detail {
namespace {

/// All of it under the GIL.
struct python_generator {
    PyObject_HEAD generator_feed* feed;
    PyObject* weak_references;
    char running;              ///< a step is under way
    char over;                 ///< Python has seen the end
    char thrown_into;          ///< it ends by what was thrown into a step: a cancellation to C++, and no news to Python
    PyObject* cancel_message;  ///< what a step of it has been cancelled with: it may come out of a later one
};

enum class wish : char { next, close, raise };
enum class progress : char { fresh, under_way, over };

/// What `__anext__` and its like return: awaited once.
struct generator_step {
    PyObject_HEAD PyObject* generator;
    PyObject* exception;  ///< what `athrow` raises at the end
    PyObject* waits_for;  ///< what is stepped meanwhile: a pyasync.Future
    wish what;
    progress state;
};

python_generator& as_generator(PyObject* self) noexcept { return *reinterpret_cast<python_generator*>(self); }
generator_step& as_step(PyObject* self) noexcept { return *reinterpret_cast<generator_step*>(self); }

// ---- A step. ----

void conclude(generator_step& step) noexcept {
    if (step.state == progress::under_way) as_generator(step.generator).running = 0;
    step.state = progress::over;
    py::detail::clear(step.waits_for);
}

/// As in Python: what would be taken for the end is a RuntimeError.
void raise_out_of_generator(const py::bound& exception) {
    if (PyErr_GivenExceptionMatches(exception.ptr(), PyExc_StopAsyncIteration) != 0 ||
        PyErr_GivenExceptionMatches(exception.ptr(), PyExc_StopIteration) != 0) {
        py::detail::set_raised(py::detail::caused_by(exception, "async generator raised " + exception.repr()));
    } else {
        py::detail::set_raised(exception);
    }
}

/// Raises what the generator has ended with.
PySendResult raise_end(py::python py, generator_step& step, generator_feed& feed) {
    const std::exception_ptr error = feed.take_error();
    if (error == nullptr || (is_cancellation(error) && as_generator(step.generator).thrown_into != 0)) {
        PyErr_SetNone(PyExc_StopAsyncIteration);
        return PYGEN_ERROR;
    }
    const py::bound exception = py::to_python_exception(py, error);
    if (is_cancellation(error)) py::detail::add_message(exception, as_generator(step.generator).cancel_message);
    if (feed.trail() != nullptr) py::detail::add_frames(exception, feed.trail()->passed);
    raise_out_of_generator(exception);
    return PYGEN_ERROR;
}

/// It has been closed: the outcome of `aclose` or `athrow`.
PySendResult raise_closed(generator_step& step, generator_feed& feed, PyObject** result) {
    const bool was_over = std::exchange(as_generator(step.generator).over, 1) != 0;
    const std::exception_ptr error = feed.take_error();
    if (error != nullptr && !is_cancellation(error)) {
        py::detail::set_raised_from(py::detail::token_maker::make(), error);
        return PYGEN_ERROR;
    }
    if (step.what == wish::raise && !was_over) {
        raise_out_of_generator(py::bound::borrow(py::detail::token_maker::make(), step.exception));
        return PYGEN_ERROR;
    }
    *result = Py_NewRef(Py_None);
    return PYGEN_RETURN;
}

/// What can be said without waiting: PYGEN_NEXT where that is nothing.
PySendResult look(py::python py, generator_step& step, bool first, PyObject** result) {
    generator_feed& feed = *as_generator(step.generator).feed;
    const bool ended = feed.ended();
    if (ended) feed.wait_no_more();
    if (step.what == wish::next) {
        if (!feed.empty()) {
            *result = feed.pop(py).release();
            return PYGEN_RETURN;
        }
        if (!ended) return PYGEN_NEXT;
        as_generator(step.generator).over = 1;
        return raise_end(py, step, feed);
    }
    feed.drop_items();
    if (ended) return raise_closed(step, feed, result);
    if (!feed.started()) {
        feed.discard();
        return raise_closed(step, feed, result);
    }
    if (first) feed.close();
    return PYGEN_NEXT;
}

PySendResult advance(py::python py, generator_step& step, bool first, PyObject** result) {
    generator_feed& feed = *as_generator(step.generator).feed;
    for (;;) {
        if (step.waits_for != nullptr) {
            const PySendResult how = PyIter_Send(step.waits_for, Py_None, result);
            if (how != PYGEN_RETURN) return how;
            py::detail::clear(*result);
            if (python_future_wait::cancel_asked(step.waits_for)) as_generator(step.generator).thrown_into = 0;
            if (PyObject* const message = python_future_wait::cancel_message(step.waits_for)) {
                py::detail::replace(as_generator(step.generator).cancel_message, Py_NewRef(message));
            }
            py::detail::clear(step.waits_for);
        }
        const PySendResult how = look(py, step, std::exchange(first, false), result);
        if (how != PYGEN_NEXT) return how;
        step.waits_for = feed.wait_for_more(py).release();
    }
}

const char* name_of(wish what) noexcept {
    return what == wish::next ? "anext" : what == wish::close ? "aclose" : "athrow";
}

PySendResult step_send(PyObject* self, PyObject*, PyObject** result) noexcept {
    generator_step& step = as_step(self);
    *result = nullptr;
    const bool first = step.state == progress::fresh;
    if (step.state == progress::over) {
        PyErr_Format(PyExc_RuntimeError, "cannot reuse already awaited %s()", name_of(step.what));
        return PYGEN_ERROR;
    }
    if (first && as_generator(step.generator).running != 0) {
        step.state = progress::over;
        PyErr_Format(PyExc_RuntimeError, "%s(): asynchronous generator is already running", name_of(step.what));
        return PYGEN_ERROR;
    }
    step.state = progress::under_way;
    as_generator(step.generator).running = 1;
    PySendResult how = PYGEN_ERROR;
    try {
        how = advance(py::detail::token_maker::make(), step, first, result);
    } catch (...) {
        py::detail::set_raised_from(py::detail::token_maker::make(), std::current_exception());
    }
    if (how == PYGEN_NEXT) return how;
    const py::detail::set_aside raised;
    conclude(step);
    return how;
}

/// Whoever throws into it no longer waits: what it waited for is let go of, and so is the generator cancelled.
PyObject* step_throw(PyObject* self, PyObject* const* arguments, Py_ssize_t count) noexcept {
    PyObject* const exception = exception_to_throw(arguments, count);
    if (exception == nullptr) return nullptr;
    generator_step& step = as_step(self);
    if (step.state == progress::under_way) as_generator(step.generator).thrown_into = 1;
    conclude(step);
    py::detail::raise_object(exception);
    py::detail::let_go(exception);
    return nullptr;
}

PyObject* step_close(PyObject* self, PyObject*) noexcept {
    conclude(as_step(self));
    Py_RETURN_NONE;
}

int step_traverse(PyObject* self, visitproc visit, void* arg) noexcept {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(as_step(self).generator);
    Py_VISIT(as_step(self).exception);
    Py_VISIT(as_step(self).waits_for);
    return 0;
}

int step_clear(PyObject* self) noexcept {
    py::detail::clear(as_step(self).exception);
    py::detail::clear(as_step(self).waits_for);
    return 0;
}

void step_dealloc(PyObject* self) noexcept {
    PyTypeObject* const type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    conclude(as_step(self));
    step_clear(self);
    py::detail::clear(as_step(self).generator);
    type->tp_free(self);
    py::detail::let_go(type);
}

PyTypeObject* make_step_type() {
    static PyMethodDef methods[] = {
        {"send", &send_method<&step_send>, METH_O, nullptr},
        {"throw", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&step_throw)), METH_FASTCALL, nullptr},
        {"close", &step_close, METH_NOARGS, nullptr},
        {nullptr, nullptr, 0, nullptr}};
    static PyType_Slot slots[] = {{Py_tp_methods, methods},
                                  {Py_am_await, reinterpret_cast<void*>(&PyObject_SelfIter)},
                                  {Py_tp_iter, reinterpret_cast<void*>(&PyObject_SelfIter)},
                                  {Py_am_send, reinterpret_cast<void*>(&step_send)},
                                  {Py_tp_iternext, reinterpret_cast<void*>(&next_method<&step_send>)},
                                  {Py_tp_traverse, reinterpret_cast<void*>(&step_traverse)},
                                  {Py_tp_clear, reinterpret_cast<void*>(&step_clear)},
                                  {Py_tp_dealloc, reinterpret_cast<void*>(&step_dealloc)},
                                  {0, nullptr}};
    static PyType_Spec spec{"pyasync.AsyncGeneratorStep", sizeof(generator_step), 0,
                            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

PyObject* make_step(PyObject* generator, wish what, PyObject* exception) noexcept {
    static PyTypeObject* const type = make_step_type();
    PyObject* const made = type == nullptr ? nullptr : type->tp_alloc(type, 0);
    if (made == nullptr) return nullptr;
    generator_step& step = as_step(made);
    step.generator = Py_NewRef(generator);
    step.exception = Py_XNewRef(exception);
    step.what = what;
    step.state = progress::fresh;
    return made;
}

// ---- The generator. ----

PyObject* generator_anext(PyObject* self) noexcept { return make_step(self, wish::next, nullptr); }

PyObject* generator_asend(PyObject* self, PyObject* value) noexcept {
    if (value == Py_None) return make_step(self, wish::next, nullptr);
    PyErr_SetString(PyExc_TypeError, "an async generator of C++ takes no values: only asend(None) is possible");
    return nullptr;
}

PyObject* generator_athrow(PyObject* self, PyObject* const* arguments, Py_ssize_t count) noexcept {
    PyObject* const exception = exception_to_throw(arguments, count);
    PyObject* const made = exception == nullptr ? nullptr : make_step(self, wish::raise, exception);
    py::detail::let_go(exception);
    return made;
}

PyObject* generator_aclose(PyObject* self, PyObject*) noexcept { return make_step(self, wish::close, nullptr); }

void generator_dealloc(PyObject* self) noexcept {
    PyTypeObject* const type = Py_TYPE(self);
    python_generator& me = as_generator(self);
    if (me.weak_references != nullptr) PyObject_ClearWeakRefs(self);
    if (!me.feed->ended()) me.feed->abandon();
    me.feed->release();
    py::detail::clear(me.cancel_message);
    type->tp_free(self);
    py::detail::let_go(type);
}

PyTypeObject* make_generator_type() {
    static PyMethodDef methods[] = {
        {"asend", &generator_asend, METH_O, "asend(None): what __anext__() returns."},
        {"athrow", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&generator_athrow)), METH_FASTCALL,
         "Cancel the C++ generator; when it has unwound, raise the exception."},
        {"aclose", &generator_aclose, METH_NOARGS, "Cancel the C++ generator, and wait until it has unwound."},
        {nullptr, nullptr, 0, nullptr}};
    static PyMemberDef members[] = {
        {"ag_running", T_BOOL, offsetof(python_generator, running), READONLY, nullptr},
        {"__weaklistoffset__", T_PYSSIZET, offsetof(python_generator, weak_references), READONLY, nullptr},
        {nullptr, 0, 0, 0, nullptr}};
    static PyType_Slot slots[] = {{Py_tp_methods, methods},
                                  {Py_tp_members, members},
                                  {Py_tp_doc, const_cast<char*>("A C++ coroutine that yields, for `async for`.")},
                                  {Py_am_aiter, reinterpret_cast<void*>(&PyObject_SelfIter)},
                                  {Py_am_anext, reinterpret_cast<void*>(&generator_anext)},
                                  {Py_tp_dealloc, reinterpret_cast<void*>(&generator_dealloc)},
                                  {0, nullptr}};
    static PyType_Spec spec{"pyasync.AsyncGenerator", sizeof(python_generator), 0,
                            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

}  // namespace

py::bound make_python_generator(py::python py, ref<generator_feed> feed) {
    static PyTypeObject* const type = make_generator_type();
    py::detail::raise_if_null(py, reinterpret_cast<PyObject*>(type));
    py::bound made = py::bound::steal(py, type->tp_alloc(type, 0));
    as_generator(made.ptr()).feed = feed.leak();
    return made;
}

}  // namespace pyasync::detail
