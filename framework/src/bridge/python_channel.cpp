// framework/src/bridge/python_channel.cpp: the Python type of channels.
// SPDX-License-Identifier: MIT
#include <cstddef>

#include <pyasync/bridge/channel_into_py.hpp>
#include <pyasync/bridge/coroutine_into_py.hpp>
#include <pyasync/core/fork.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/let_go.hpp>

namespace pyasync::detail {
namespace {

/// All of it under the GIL.
struct channel_object {
    PyObject_HEAD python_channel* content;
    PyObject* weak_references;
};

python_channel& content_of(PyObject* self) noexcept { return *reinterpret_cast<channel_object*>(self)->content; }

// ---- A send or a receive, as what a coroutine object runs. ----

channel_wait& wait_in(const cold_task& cold) noexcept { return *static_cast<channel_wait*>(cold.body); }

/// Says only that the wait is over; what it has come to is taken when the coroutine goes on.
py::bound take_end(py::python py, future_state_base& state) {
    if (static_cast<channel_wait&>(state).left()) throw cancelled();
    return py.none();
}

/// Who always finds something gives way to the event loop now and then. Null where it need not, or cannot.
ref<task_locals_state> gives_way_on() noexcept {
    constexpr int most_at_once = 64;
    static thread_local int ended_at_once = 0;
    if (++ended_at_once < most_at_once) return {};
    ended_at_once = 0;
    try {
        const locals_ref locals = running_locals_or_none();
        return ref<task_locals_state>::share(static_cast<task_locals_state*>(locals.get()));
    } catch (...) {
        return {};  // an event loop that cannot be woken has its turn some other time
    }
}

cold_task::progress start_wait(cold_task& cold, py::python py) {
    auto wait = ref<channel_wait>::adopt(&wait_in(cold));
    if (in_forked_child()) std::rethrow_exception(forked_error());
    const bool at_once = wait->try_to_end();
    try {
        if (at_once) {
            const auto locals = gives_way_on();
            if (!locals) return {true, wait->result(py)};
            py::bound future = make_python_future(py, wait, &take_end, locals);
            wait->tell();
            static_cast<void>(wait.leak());
            return {false, std::move(future)};
        }
        const auto locals = common_locals(py);
        if (wait->end_or_join()) return {true, wait->result(py)};
        py::bound future = make_python_future(py, wait, &take_end, locals.state());
        static_cast<void>(wait.leak());
        return {false, std::move(future)};
    } catch (...) {
        wait->give_up();
        throw;
    }
}

py::bound finish_wait(cold_task& cold, py::python py) {
    const auto wait = ref<channel_wait>::adopt(&wait_in(cold));
    return wait->result(py);
}

void destroy_wait(cold_task& cold) noexcept {
    const auto wait = ref<channel_wait>::adopt(&wait_in(cold));
    wait->give_up();
}

constexpr cold_task::operations wait_operations{&start_wait, &finish_wait, &destroy_wait};

py::bound make_coroutine(py::python py, PyObject* self, ref<channel_wait> wait, const char* name) {
    const py::object shown = py.value(name).unbind();
    return make_coroutine_object(py, cold_task{wait.leak(), &wait_operations, {}, content_of(self).where()}, shown);
}

// ---- The methods. ----

void raise_closed(py::python) { throw channel_closed(); }
void raise_stop(py::python py) {
    PyErr_SetNone(PyExc_StopAsyncIteration);
    py::detail::throw_python_error(py);
}

/// What a method does: its result, or what it throws as Python's exception.
template <typename Function>
PyObject* answer(Function&& function) noexcept {
    const py::python py = py::detail::token_maker::make();
    try {
        return std::forward<Function>(function)(py).release();
    } catch (...) {
        py::detail::set_raised_from(py, std::current_exception());
        return nullptr;
    }
}

/// The channel, where its lock may be taken.
python_channel& usable(PyObject* self) {
    if (in_forked_child()) std::rethrow_exception(forked_error());
    return content_of(self);
}

PyObject* channel_send(PyObject* self, PyObject* item) noexcept {
    return answer([=](py::python py) {
        return make_coroutine(py, self, content_of(self).send(py::bound::borrow(py, item)), "send");
    });
}
PyObject* channel_receive(PyObject* self, PyObject*) noexcept {
    return answer(
        [=](py::python py) { return make_coroutine(py, self, content_of(self).receive(&raise_closed), "receive"); });
}
PyObject* channel_next(PyObject* self) noexcept {
    return answer(
        [=](py::python py) { return make_coroutine(py, self, content_of(self).receive(&raise_stop), "__anext__"); });
}

[[noreturn]] void would_wait(py::python py, const char* exception) {
    const py::bound type = py.import("asyncio").attr(exception);
    PyErr_SetNone(type.ptr());
    py::detail::throw_python_error(py);
}

PyObject* channel_send_nowait(PyObject* self, PyObject* item) noexcept {
    return answer([=](py::python py) {
        const auto wait = usable(self).send(py::bound::borrow(py, item));
        if (!wait->try_to_end()) would_wait(py, "QueueFull");
        return wait->result(py);
    });
}
PyObject* channel_receive_nowait(PyObject* self, PyObject*) noexcept {
    return answer([=](py::python py) {
        const auto wait = usable(self).receive(&raise_closed);
        if (!wait->try_to_end()) would_wait(py, "QueueEmpty");
        return wait->result(py);
    });
}

PyObject* channel_close(PyObject* self, PyObject*) noexcept {
    return answer([=](py::python py) {
        usable(self).close();
        return py.none();
    });
}
PyObject* channel_closed_attribute(PyObject* self, void*) noexcept {
    return answer([=](py::python py) { return py.value(usable(self).is_closed()); });
}
PyObject* channel_capacity(PyObject* self, void*) noexcept {
    return answer([=](py::python py) { return py.value(content_of(self).capacity()); });
}
Py_ssize_t channel_length(PyObject* self) noexcept {
    return in_forked_child() ? 0 : static_cast<Py_ssize_t>(content_of(self).size());
}
/// Empty or not, it is there.
int channel_truth(PyObject*) noexcept { return 1; }

std::string item_name(const python_channel& channel) {
    const std::string item = channel.item_annotation();
    return item.empty() ? "Any" : item;
}

PyObject* channel_repr(PyObject* self) noexcept {
    return answer([=](py::python py) {
        const python_channel& channel = usable(self);
        std::string text = "<pyasync.Channel[" + item_name(channel) + "], " + std::to_string(channel.size()) + " of " +
                           std::to_string(channel.capacity());
        return py.value(text + (channel.is_closed() ? ", closed>" : ">"));
    });
}

void channel_dealloc(PyObject* self) noexcept {
    PyTypeObject* const type = Py_TYPE(self);
    if (reinterpret_cast<channel_object*>(self)->weak_references != nullptr) PyObject_ClearWeakRefs(self);
    delete &content_of(self);
    type->tp_free(self);
    py::detail::let_go(type);
}

PyTypeObject* make_type() {
    static PyMethodDef methods[] = {
        {"send", &channel_send, METH_O, "Put an item in; wait while there is no room for it."},
        {"receive", &channel_receive, METH_NOARGS, "Take the next item; wait until there is one."},
        {"send_nowait", &channel_send_nowait, METH_O, "Put an item in, or raise asyncio.QueueFull."},
        {"receive_nowait", &channel_receive_nowait, METH_NOARGS, "Take the next item, or raise asyncio.QueueEmpty."},
        {"close", &channel_close, METH_NOARGS, "Let nothing in any more; what is in it can still be received."},
        {"__class_getitem__", &Py_GenericAlias, METH_O | METH_CLASS, "Channel[int], in annotations."},
        {nullptr, nullptr, 0, nullptr}};
    static PyGetSetDef attributes[] = {
        {"closed", &channel_closed_attribute, nullptr, "Has it been closed? There may be items in it.", nullptr},
        {"capacity", &channel_capacity, nullptr, "How many items it keeps.", nullptr},
        {nullptr, nullptr, nullptr, nullptr, nullptr}};
    static PyMemberDef members[] = {
        {"__weaklistoffset__", T_PYSSIZET, offsetof(channel_object, weak_references), READONLY, nullptr},
        {nullptr, 0, 0, 0, nullptr}};
    static PyType_Slot slots[] = {
        {Py_tp_methods, methods},
        {Py_tp_getset, attributes},
        {Py_tp_members, members},
        {Py_tp_doc, const_cast<char*>("A queue with a bound between the coroutines of Python and of C++.")},
        {Py_tp_repr, reinterpret_cast<void*>(&channel_repr)},
        {Py_am_aiter, reinterpret_cast<void*>(&PyObject_SelfIter)},
        {Py_am_anext, reinterpret_cast<void*>(&channel_next)},
        {Py_sq_length, reinterpret_cast<void*>(&channel_length)},
        {Py_nb_bool, reinterpret_cast<void*>(&channel_truth)},
        {Py_tp_dealloc, reinterpret_cast<void*>(&channel_dealloc)},
        {0, nullptr}};
    static PyType_Spec spec{"pyasync.Channel", sizeof(channel_object), 0,
                            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

}  // namespace

PyObject* channel_type(py::python py) {
    static PyTypeObject* const type = make_type();
    return py::detail::raise_if_null(py, reinterpret_cast<PyObject*>(type));
}

py::bound make_python_channel(py::python py, std::unique_ptr<python_channel> content) {
    auto* const type = reinterpret_cast<PyTypeObject*>(channel_type(py));
    py::bound made = py::bound::steal(py, type->tp_alloc(type, 0));
    reinterpret_cast<channel_object*>(made.ptr())->content = content.release();
    return made;
}

python_channel& python_channel_in(const py::bound& source, const std::string& expected) {
    if (reinterpret_cast<PyObject*>(Py_TYPE(source.ptr())) != channel_type(source.py())) {
        py::detail::expected(expected.c_str(), source);
    }
    return content_of(source.ptr());
}

void raise_other_channel(const python_channel& given, const py::bound& source, const std::string& expected) {
    py::detail::raise(source.py(), PyExc_TypeError, "expected " + expected + ", got Channel[" + item_name(given) + "]");
}

}  // namespace pyasync::detail
