// framework/src/bridge/eager_task.cpp: the task's two Python types, and its first step.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/eager_task.hpp>

#include <utility>

#include <pyasync/bridge/asyncio_request.hpp>
#include <pyasync/py/convert.hpp>

namespace pyasync::detail {
namespace {

// ---- The coroutine's stand-in: what the Task steps after the first step has been taken. ----

struct stand_in {
    PyObject_HEAD PyObject* coroutine;  ///< what it stands for
    PyObject* waits_for;                ///< what the first step has yielded, and the Task has not seen yet; or null
    PyObject* value;                    ///< where the coroutine has ended in its first step: its value,
    PyObject* exception;                ///< or its exception
    python_await* owner;                ///< who wants to know the end; null once it is known
    bool marked;                        ///< was `waits_for` marked as awaited?
};

stand_in& as_stand_in(PyObject* self) noexcept { return *reinterpret_cast<stand_in*>(self); }

PyObject* raise_object(PyObject* exception) noexcept {
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception)), exception);
    return nullptr;
}

/// The outcome of a step: told to the owner where it is the end.
PySendResult conclude(stand_in& self, PySendResult how, PyObject* result) noexcept {
    if (how == PYGEN_NEXT || self.owner == nullptr) return how;
    const py::python py = py::detail::token_maker::make();
    python_await& owner = *std::exchange(self.owner, nullptr);
    if (how == PYGEN_RETURN) {
        eager_task::returned(owner, py, py::bound::borrow(py, result));
        return how;
    }
    // Both sides get the exception: the Task raises it again, the owner has its own reference.
    const py::python_error error = py::python_error::fetch(py);
    const py::bound value = error.value().bind(py);
    py::detail::set_raised(value);
    eager_task::raised(owner, py, take_raised(py));
    py::detail::set_raised(value);
    return how;
}

/// A Future that is yielded is marked, until a Task has seen it. Between the first step and the Task's it must not be:
/// whoever steps the coroutine meanwhile (it is awaited twice) would break the Future's wait, as nobody can in asyncio.
/// Returns whether it was marked: what is no Future, or was yielded without `await`, is for the Task to complain of.
bool mark_yielded(PyObject* future, bool marked) noexcept {
    constexpr const char* mark = "_asyncio_future_blocking";
    PyObject* const before = PyObject_GetAttrString(future, mark);
    const bool was_marked = before == Py_True;
    Py_XDECREF(before);
    if (before == nullptr || PyObject_SetAttrString(future, mark, marked ? Py_True : Py_False) < 0) PyErr_Clear();
    return was_marked;
}

PySendResult stand_in_send(PyObject* self, PyObject* argument, PyObject** result) noexcept {
    stand_in& me = as_stand_in(self);
    *result = nullptr;
    if (me.waits_for != nullptr) {
        *result = std::exchange(me.waits_for, nullptr);
        if (me.marked) mark_yielded(*result, true);
        return PYGEN_NEXT;
    }
    if (me.value != nullptr) {
        *result = std::exchange(me.value, nullptr);
        return PYGEN_RETURN;
    }
    if (me.exception != nullptr) {
        raise_object(me.exception);
        Py_CLEAR(me.exception);
        return PYGEN_ERROR;
    }
    const PySendResult how = PyIter_Send(me.coroutine, argument, result);
    return conclude(me, how, *result);
}

/// `how` and `result` as a method returns them: a value that is yielded, or StopIteration, or what was raised.
PyObject* as_method_result(PySendResult how, PyObject* result) noexcept {
    if (how != PYGEN_RETURN) return result;
    PyObject* const stop = PyObject_CallOneArg(PyExc_StopIteration, result);
    Py_DECREF(result);
    if (stop == nullptr) return nullptr;
    raise_object(stop);
    Py_DECREF(stop);
    return nullptr;
}

PyObject* stand_in_send_method(PyObject* self, PyObject* argument) noexcept {
    PyObject* result = nullptr;
    const PySendResult how = stand_in_send(self, argument, &result);
    return as_method_result(how, result);
}

PyObject* stand_in_next(PyObject* self) noexcept { return stand_in_send_method(self, Py_None); }

PyObject* stand_in_throw(PyObject* self, PyObject* arguments) noexcept {
    stand_in& me = as_stand_in(self);
    if (me.waits_for != nullptr) {
        // The Task never waited for it, so nobody else cancels it.
        PyObject* const answer = PyObject_CallMethod(me.waits_for, "cancel", nullptr);
        if (answer == nullptr) PyErr_Clear();
        const bool unwinds = answer == Py_True;
        Py_XDECREF(answer);
        if (unwinds) {
            // As in asyncio: the cancellation comes out of it when it has unwound.
            PyObject* const yielded = std::exchange(me.waits_for, nullptr);
            if (me.marked) mark_yielded(yielded, true);
            return yielded;
        }
        Py_CLEAR(me.waits_for);
    }
    PyObject* const method = PyObject_GetAttrString(me.coroutine, "throw");
    if (method == nullptr) return nullptr;
    PyObject* const yielded = PyObject_CallObject(method, arguments);
    Py_DECREF(method);
    if (yielded != nullptr) return yielded;
    if (PyErr_ExceptionMatches(PyExc_StopIteration) == 0) {
        conclude(me, PYGEN_ERROR, nullptr);
        return nullptr;
    }
    const py::python py = py::detail::token_maker::make();
    py::bound value = py::python_error::fetch(py).value().bind(py).attr("value");
    conclude(me, PYGEN_RETURN, value.ptr());
    return as_method_result(PYGEN_RETURN, value.release());
}

PyObject* stand_in_close(PyObject* self, PyObject*) noexcept {
    return PyObject_CallMethod(as_stand_in(self).coroutine, "close", nullptr);
}

/// `cr_frame`, `__name__` and the like are the coroutine's.
PyObject* stand_in_getattro(PyObject* self, PyObject* name) noexcept {
    PyObject* const own = PyObject_GenericGetAttr(self, name);
    if (own != nullptr || PyErr_ExceptionMatches(PyExc_AttributeError) == 0) return own;
    PyErr_Clear();
    return PyObject_GetAttr(as_stand_in(self).coroutine, name);
}

PyObject* stand_in_repr(PyObject* self) noexcept { return PyObject_Repr(as_stand_in(self).coroutine); }

int stand_in_traverse(PyObject* self, visitproc visit, void* arg) noexcept {
    const stand_in& me = as_stand_in(self);
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(me.coroutine);
    Py_VISIT(me.waits_for);
    Py_VISIT(me.value);
    Py_VISIT(me.exception);
    return 0;
}

int stand_in_clear(PyObject* self) noexcept {
    stand_in& me = as_stand_in(self);
    Py_CLEAR(me.coroutine);
    Py_CLEAR(me.waits_for);
    Py_CLEAR(me.value);
    Py_CLEAR(me.exception);
    return 0;
}

void stand_in_dealloc(PyObject* self) noexcept {
    PyTypeObject* const type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    stand_in_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

PyTypeObject* make_stand_in_type() {
    static PyMethodDef methods[] = {{"send", &stand_in_send_method, METH_O, nullptr},
                                    {"throw", &stand_in_throw, METH_VARARGS, nullptr},
                                    {"close", &stand_in_close, METH_NOARGS, nullptr},
                                    {nullptr, nullptr, 0, nullptr}};
    static PyType_Slot slots[] = {{Py_tp_methods, methods},
                                  {Py_am_await, reinterpret_cast<void*>(&PyObject_SelfIter)},
                                  {Py_tp_iter, reinterpret_cast<void*>(&PyObject_SelfIter)},
                                  {Py_am_send, reinterpret_cast<void*>(&stand_in_send)},
                                  {Py_tp_iternext, reinterpret_cast<void*>(&stand_in_next)},
                                  {Py_tp_getattro, reinterpret_cast<void*>(&stand_in_getattro)},
                                  {Py_tp_repr, reinterpret_cast<void*>(&stand_in_repr)},
                                  {Py_tp_traverse, reinterpret_cast<void*>(&stand_in_traverse)},
                                  {Py_tp_clear, reinterpret_cast<void*>(&stand_in_clear)},
                                  {Py_tp_dealloc, reinterpret_cast<void*>(&stand_in_dealloc)},
                                  {0, nullptr}};
    static PyType_Spec spec{"pyasync.coroutine", sizeof(stand_in), 0,
                            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

py::bound make_stand_in(py::python py, PyObject* coroutine, python_await* owner) {
    static PyTypeObject* const type = make_stand_in_type();
    py::detail::raise_if_null(py, reinterpret_cast<PyObject*>(type));
    py::bound made = py::bound::steal(py, type->tp_alloc(type, 0));
    stand_in& content = as_stand_in(made.ptr());
    content.coroutine = Py_NewRef(coroutine);
    content.owner = owner;
    return made;
}

// ---- The Task. Its own fields lie behind those of asyncio.Task, whose size only the interpreter knows. ----

struct task_fields {
    PyObject* coroutine;  ///< while it is not initialised
    PyObject* loop;
    PyObject* context;
    PyObject* stand_in;  ///< once it is
    python_await* owner;
};

PyTypeObject* base_task(py::python py) noexcept {
    return reinterpret_cast<PyTypeObject*>(asyncio_api::get(py).task_type);
}

task_fields& fields_of(PyObject* task) noexcept {
    constexpr std::size_t alignment = alignof(task_fields);
    const auto size = static_cast<std::size_t>(base_task(py::detail::token_maker::make())->tp_basicsize);
    return *reinterpret_cast<task_fields*>(reinterpret_cast<char*>(task) +
                                           (size + alignment - 1) / alignment * alignment);
}

void clear_fields(task_fields& fields) noexcept {
    Py_CLEAR(fields.coroutine);
    Py_CLEAR(fields.loop);
    Py_CLEAR(fields.context);
    Py_CLEAR(fields.stand_in);
}

/// Makes it a Task like any other, whose next step steps the stand-in.
void initialise(py::python py, PyObject* task) {
    task_fields& fields = fields_of(task);
    py::bound replacement = make_stand_in(py, fields.coroutine, fields.owner);
    const py::bound arguments = py::bound::steal(py, PyTuple_Pack(1, replacement.ptr()));
    const py::bound keywords = py::bound::steal(py, PyDict_New());
    py::detail::raise_if_negative(py, PyDict_SetItemString(keywords.ptr(), "loop", fields.loop));
    py::detail::raise_if_negative(py, PyDict_SetItemString(keywords.ptr(), "context", fields.context));
    fields.stand_in = replacement.release();
    py::detail::raise_if_negative(py, base_task(py)->tp_init(task, arguments.ptr(), keywords.ptr()));
}

bool is_initialised(const task_fields& fields) noexcept { return fields.stand_in != nullptr; }

PyObject* task_getattro(PyObject* self, PyObject* name) noexcept {
    const py::python py = py::detail::token_maker::make();
    const task_fields& fields = fields_of(self);
    if (!is_initialised(fields) && fields.coroutine != nullptr) {
        try {
            initialise(py, self);
        } catch (const py::python_error& error) {
            return raise_object(error.value().ptr());
        }
    }
    return base_task(py)->tp_getattro(self, name);
}

/// Who puts something into it means it to stay.
int task_setattro(PyObject* self, PyObject* name, PyObject* value) noexcept {
    const py::python py = py::detail::token_maker::make();
    const task_fields& fields = fields_of(self);
    if (!is_initialised(fields) && fields.coroutine != nullptr) {
        try {
            initialise(py, self);
        } catch (const py::python_error& error) {
            raise_object(error.value().ptr());
            return -1;
        }
    }
    return base_task(py)->tp_setattro(self, name, value);
}

/// What `get_coro` shows is what the user wrote.
PyObject* task_get_coro(PyObject* self, PyObject*) noexcept {
    const task_fields& fields = fields_of(self);
    if (!is_initialised(fields)) Py_RETURN_NONE;
    return Py_NewRef(as_stand_in(fields.stand_in).coroutine);
}

void task_finalize(PyObject* self) noexcept {
    clear_fields(fields_of(self));
    const auto base = base_task(py::detail::token_maker::make())->tp_finalize;
    if (base != nullptr) base(self);
}

PyTypeObject* make_task_type(py::python py) {
    static PyMethodDef methods[] = {{"get_coro", &task_get_coro, METH_NOARGS, "The coroutine of the task."},
                                    {nullptr, nullptr, 0, nullptr}};
    static PyType_Slot slots[] = {{Py_tp_methods, methods},
                                  {Py_tp_getattro, reinterpret_cast<void*>(&task_getattro)},
                                  {Py_tp_setattro, reinterpret_cast<void*>(&task_setattro)},
                                  {Py_tp_finalize, reinterpret_cast<void*>(&task_finalize)},
                                  {0, nullptr}};
    PyTypeObject* const base = base_task(py);
    constexpr auto own_size = static_cast<int>(sizeof(task_fields) + alignof(task_fields));
    static PyType_Spec spec{"pyasync.Task", static_cast<int>(base->tp_basicsize) + own_size, 0,
                            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    const py::bound bases = py::bound::steal(py, PyTuple_Pack(1, base));
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpecWithBases(&spec, bases.ptr()));
}

PyTypeObject* task_type(py::python py) {
    static PyTypeObject* const type = make_task_type(py);
    return type;
}

/// The last one that nobody has looked at: it serves again, which saves making and clearing a Task for every coroutine
/// that ends in its first step. Untracked meanwhile, as it is nobody's.
PyObject* spare_task = nullptr;

bool is_unseen(PyObject* task) noexcept {
    if (Py_REFCNT(task) != 1 || is_initialised(fields_of(task))) return false;
    const Py_ssize_t offset = Py_TYPE(task)->tp_weaklistoffset;
    return offset == 0 || *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(task) + offset) == nullptr;
}

py::bound take_task(py::python py) {
    if (PyObject* const spare = std::exchange(spare_task, nullptr)) {
        PyObject_GC_Track(spare);
        return py::bound::steal(py, spare);
    }
    PyTypeObject* const type = task_type(py);
    py::detail::raise_if_null(py, reinterpret_cast<PyObject*>(type));
    return py::bound::steal(py, type->tp_alloc(type, 0));
}

void give_back(py::bound task) noexcept {
    clear_fields(fields_of(task.ptr()));
    if (spare_task != nullptr || !is_unseen(task.ptr())) return;
    PyObject_GC_UnTrack(task.ptr());
    spare_task = task.release();
}

/// Shows `task` as the current one of `loop`, and at the end the one that was.
class shown_as_current {
public:
    shown_as_current(py::python py, PyObject* loop, PyObject* task)
        : all_(asyncio_api::get(py).current_tasks), loop_(loop) {
        outer_ = Py_XNewRef(PyDict_GetItemWithError(all_, loop));
        py::detail::raise_if_negative(py, PyDict_SetItem(all_, loop, task));
    }
    shown_as_current(const shown_as_current&) = delete;
    shown_as_current& operator=(const shown_as_current&) = delete;
    ~shown_as_current() {
        const py::detail::set_aside under_way;
        const int done = outer_ != nullptr ? PyDict_SetItem(all_, loop_, outer_) : PyDict_DelItem(all_, loop_);
        if (done < 0) PyErr_Clear();
        Py_XDECREF(outer_);
    }

private:
    PyObject* all_;
    PyObject* loop_;
    PyObject* outer_ = nullptr;
};

/// An exception that C++ has been given is no longer one that "was never retrieved".
PyObject* retrieve(PyObject*, PyObject* task) noexcept {
    PyObject* const seen = PyObject_CallMethod(task, "exception", nullptr);
    if (seen == nullptr) PyErr_Clear();
    Py_XDECREF(seen);
    Py_RETURN_NONE;
}

void mark_retrieved(PyObject* task) noexcept {
    static PyMethodDef retrieve_method{"retrieve", &retrieve, METH_O, nullptr};
    PyObject* const callback = PyCFunction_New(&retrieve_method, nullptr);
    PyObject* const added =
        callback == nullptr ? nullptr : PyObject_CallMethod(task, "add_done_callback", "O", callback);
    if (added == nullptr) PyErr_Clear();
    Py_XDECREF(added);
    Py_XDECREF(callback);
}

}  // namespace

void eager_task::start(python_await& owner, py::python py, const py::bound& coroutine, PyObject* context) {
    PyObject* const loop = owner.inbox_->event_loop();
    py::bound task = take_task(py);
    task_fields& fields = fields_of(task.ptr());
    fields.coroutine = Py_NewRef(coroutine.ptr());
    fields.loop = Py_NewRef(loop);
    fields.context = Py_NewRef(context);

    PyObject* result = nullptr;
    PySendResult how = PYGEN_ERROR;
    {
        const entered_context entered(py, context);
        const shown_as_current shown(py, loop, task.ptr());
        how = PyIter_Send(coroutine.ptr(), Py_None, &result);
    }
    if (how == PYGEN_NEXT) {
        const py::bound waits_for = py::bound::steal(py, result);
        if (!is_initialised(fields)) initialise(py, task.ptr());
        stand_in& replacement = as_stand_in(fields.stand_in);
        replacement.owner = &owner;
        // A bare yield asks for the loop's next turn, and that is when the Task takes its first step.
        if (!waits_for.is_none()) {
            replacement.marked = mark_yielded(waits_for.ptr(), false);
            replacement.waits_for = Py_NewRef(waits_for.ptr());
        }
        Py_CLEAR(fields.coroutine);
        return owner.continues_as(task.ptr());
    }
    // It has ended. Where somebody has used the task meanwhile, it has to end in the same way.
    stand_in* const replacement = is_initialised(fields) ? &as_stand_in(fields.stand_in) : nullptr;
    if (how == PYGEN_RETURN) {
        const py::bound value = py::bound::steal(py, result);
        if (replacement != nullptr) replacement->value = Py_NewRef(value.ptr());
        give_back(std::move(task));
        return owner.ends_with(py, value);
    }
    if (replacement != nullptr) {
        const py::python_error error = py::python_error::fetch(py);
        replacement->exception = Py_NewRef(error.value().ptr());
        mark_retrieved(task.ptr());
        py::detail::set_raised(error.value().bind(py));
    }
    give_back(std::move(task));
    owner.ends_with_error(py, take_raised(py));
}

void eager_task::forget(PyObject* task) noexcept {
    const py::python py = py::detail::token_maker::make();
    if (Py_TYPE(task) != task_type(py)) return;
    if (PyObject* const replacement = fields_of(task).stand_in) as_stand_in(replacement).owner = nullptr;
}

void eager_task::returned(python_await& owner, py::python py, const py::bound& value) noexcept {
    owner.ends_with(py, value);
}

void eager_task::raised(python_await& owner, py::python py, std::exception_ptr error) noexcept {
    const py::detail::set_aside under_way;
    mark_retrieved(owner.task_);
    owner.ends_with_error(py, std::move(error));
}

}  // namespace pyasync::detail
