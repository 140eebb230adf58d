// framework/src/bridge/eager_task.cpp: the task's Python type, and its steps.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/eager_task.hpp>

#include <array>
#include <new>
#include <utility>
#include <vector>

#include <pyasync/bridge/python_future.hpp>
#include <pyasync/bridge/stand_in.hpp>
#include <pyasync/bridge/stepping.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/into_python.hpp>
#include <pyasync/py/let_go.hpp>

namespace pyasync::detail {
namespace {

// ---- The Python type. Its own fields lie behind those of asyncio.Task, whose size only the interpreter knows. ----

/// Brings the task back when asyncio has had its turn. Holds a reference to it while it is under way.
struct next_step final : work {
    next_step() noexcept : work(&arrive) {}
    static void arrive(work& self, delivery how) noexcept;
    PyObject* task = nullptr;
};

struct task_fields {
    PyObject* coroutine;  ///< while it is not initialised
    PyObject* loop;
    PyObject* context;
    PyObject* stand_in;    ///< once it is
    PyObject* waits_for;   ///< a Future, while it waits for one without asyncio's help
    bool called_back;      ///< by such a Future, whose callback has a reference meanwhile
    int waits;             ///< for asyncio's own Futures, so far
    python_await* owner;   ///< who wants to know the end, while this is not the stand-in's affair
    PyObject* registered;  ///< the weak reference that asyncio.all_tasks() has, borrowed
    next_step step;
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
    py::detail::clear(fields.coroutine);
    py::detail::clear(fields.loop);
    py::detail::clear(fields.context);
    py::detail::clear(fields.stand_in);
    py::detail::clear(fields.waits_for);
    fields.owner = nullptr;
}

/// Makes it a Task like any other, whose next step steps the stand-in.
void initialise(py::python py, PyObject* task) {
    task_fields& fields = fields_of(task);
    py::bound replacement = stand_in::make(py, fields.coroutine, fields.owner);
    const py::bound arguments = py::bound::steal(py, PyTuple_Pack(1, replacement.ptr()));
    const py::bound keywords = py::bound::steal(py, PyDict_New());
    py::detail::raise_if_negative(py, PyDict_SetItemString(keywords.ptr(), "loop", fields.loop));
    py::detail::raise_if_negative(py, PyDict_SetItemString(keywords.ptr(), "context", fields.context));
    if (fields.waits_for != nullptr) stand_in::of(replacement.ptr()).waits(fields.waits_for, true);
    fields.stand_in = replacement.release();
    py::detail::clear(fields.waits_for);
    py::detail::clear(fields.coroutine);
    py::detail::raise_if_negative(
        py, py::detail::into_python([&] { return base_task(py)->tp_init(task, arguments.ptr(), keywords.ptr()); }));
}

bool is_initialised(const task_fields& fields) noexcept { return fields.stand_in != nullptr; }

/// Whoever looks at it, or puts something into it, finds a Task; false with an exception set where that fails.
bool appear(py::python py, PyObject* task) noexcept {
    const task_fields& fields = fields_of(task);
    if (is_initialised(fields) || fields.coroutine == nullptr) return true;
    try {
        initialise(py, task);
        return true;
    } catch (const py::python_error& error) {
        py::detail::raise_object(error.value().ptr());
        return false;
    }
}

/// Not where it is only asked for its loop, or whether it is done: `asyncio.all_tasks()` asks the tasks of all loops,
/// from any thread.
PyObject* task_getattro(PyObject* self, PyObject* name) noexcept {
    const py::python py = py::detail::token_maker::make();
    const bool by_all_tasks =
        PyUnicode_CompareWithASCIIString(name, "get_loop") == 0 || PyUnicode_CompareWithASCIIString(name, "done") == 0;
    return by_all_tasks || appear(py, self) ? base_task(py)->tp_getattro(self, name) : nullptr;
}

int task_setattro(PyObject* self, PyObject* name, PyObject* value) noexcept {
    const py::python py = py::detail::token_maker::make();
    return appear(py, self) ? base_task(py)->tp_setattro(self, name, value) : -1;
}

/// The slots that Python calls without asking for an attribute.
PyObject* task_await(PyObject* self) noexcept {
    const py::python py = py::detail::token_maker::make();
    return appear(py, self) ? base_task(py)->tp_as_async->am_await(self) : nullptr;
}

PyObject* task_iter(PyObject* self) noexcept {
    const py::python py = py::detail::token_maker::make();
    return appear(py, self) ? base_task(py)->tp_iter(self) : nullptr;
}

PyObject* task_repr(PyObject* self) noexcept {
    const py::python py = py::detail::token_maker::make();
    return appear(py, self) ? base_task(py)->tp_repr(self) : nullptr;
}

/// One that is not in use belongs to no loop: so `asyncio.all_tasks()` passes it over.
PyObject* task_get_loop(PyObject* self, PyObject*) noexcept {
    const task_fields& fields = fields_of(self);
    if (fields.loop != nullptr) return Py_NewRef(fields.loop);
    auto* const base = reinterpret_cast<PyObject*>(base_task(py::detail::token_maker::make()));
    PyObject* const loop = PyObject_CallMethod(base, "get_loop", "O", self);
    if (loop != nullptr) return loop;
    PyErr_Clear();  // it has never been initialised
    Py_RETURN_NONE;
}

PyObject* task_done(PyObject* self, PyObject*) noexcept {
    const task_fields& fields = fields_of(self);
    if (!is_initialised(fields) && fields.coroutine != nullptr) Py_RETURN_FALSE;
    auto* const base = reinterpret_cast<PyObject*>(base_task(py::detail::token_maker::make()));
    return PyObject_CallMethod(base, "done", "O", self);
}

/// What `get_coro` shows is what the user wrote.
PyObject* task_get_coro(PyObject* self, PyObject*) noexcept {
    const task_fields& fields = fields_of(self);
    if (!is_initialised(fields)) Py_RETURN_NONE;
    return Py_NewRef(stand_in::of(fields.stand_in).coroutine);
}

void task_finalize(PyObject* self) noexcept {
    clear_fields(fields_of(self));
    const auto base = base_task(py::detail::token_maker::make())->tp_finalize;
    if (base != nullptr) base(self);
}

int task_traverse(PyObject* self, visitproc visit, void* arg) noexcept {
    const task_fields& fields = fields_of(self);
    Py_VISIT(fields.coroutine);
    Py_VISIT(fields.loop);
    Py_VISIT(fields.context);
    Py_VISIT(fields.stand_in);
    Py_VISIT(fields.waits_for);
    return base_task(py::detail::token_maker::make())->tp_traverse(self, visit, arg);
}

int task_clear(PyObject* self) noexcept {
    clear_fields(fields_of(self));
    return base_task(py::detail::token_maker::make())->tp_clear(self);
}

PyTypeObject* make_task_type(py::python py) {
    static PyMethodDef methods[] = {{"get_coro", &task_get_coro, METH_NOARGS, "The coroutine of the task."},
                                    {"get_loop", &task_get_loop, METH_NOARGS, "The event loop of the task."},
                                    {"done", &task_done, METH_NOARGS, "Has it ended?"},
                                    {nullptr, nullptr, 0, nullptr}};
    static PyType_Slot slots[] = {{Py_tp_methods, methods},
                                  {Py_tp_getattro, reinterpret_cast<void*>(&task_getattro)},
                                  {Py_tp_setattro, reinterpret_cast<void*>(&task_setattro)},
                                  {Py_am_await, reinterpret_cast<void*>(&task_await)},
                                  {Py_tp_iter, reinterpret_cast<void*>(&task_iter)},
                                  {Py_tp_repr, reinterpret_cast<void*>(&task_repr)},
                                  {Py_tp_finalize, reinterpret_cast<void*>(&task_finalize)},
                                  {Py_tp_traverse, reinterpret_cast<void*>(&task_traverse)},
                                  {Py_tp_clear, reinterpret_cast<void*>(&task_clear)},
                                  {0, nullptr}};
    PyTypeObject* const base = base_task(py);
    constexpr auto own_size = static_cast<int>(sizeof(task_fields) + alignof(task_fields));
    static PyType_Spec spec{"pyasync.Task", static_cast<int>(base->tp_basicsize) + own_size, 0,
                            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    const py::bound bases = py::bound::steal(py, PyTuple_Pack(1, base));
    return reinterpret_cast<PyTypeObject*>(PyType_FromSpecWithBases(&spec, bases.ptr()));
}

PyTypeObject* task_type(py::python py) {
    static PyTypeObject* const type = make_task_type(py);
    return type;
}

/// Tasks that nobody has looked at serve again, which saves making, registering and clearing one for every coroutine.
/// Not tracked by the garbage collector meanwhile, as they are nobody's.
std::vector<PyObject*>& spare_tasks() {
    static auto* const only = new std::vector<PyObject*>;
    return *only;
}
constexpr std::size_t most_spare_tasks = 1024;

/// The first of a task's weak references, or null.
PyObject* first_weak_reference(PyObject* task) noexcept {
    const Py_ssize_t offset = Py_TYPE(task)->tp_weaklistoffset;
    return offset == 0 ? nullptr : *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(task) + offset);
}

/// At the end; of a Task that somebody has looked at, `get_coro` shows the coroutine still.
void end_fields(task_fields& fields) noexcept {
    PyObject* const replacement = std::exchange(fields.stand_in, nullptr);
    clear_fields(fields);
    fields.stand_in = replacement;
}

/// Does nobody have it but we, by so many references, or by a weak one other than asyncio's?
bool is_unseen(PyObject* task, Py_ssize_t ours = 1) noexcept {
    if (Py_REFCNT(task) != ours || is_initialised(fields_of(task))) return false;
    PyObject* const weak = first_weak_reference(task);
    if (weak != fields_of(task).registered) return false;
    return weak == nullptr || reinterpret_cast<PyWeakReference*>(weak)->wr_next == nullptr;
}

py::bound take_task(py::python py) {
    std::vector<PyObject*>& spare = spare_tasks();
    if (!spare.empty()) {
        py::bound task = py::bound::steal(py, spare.back());
        spare.pop_back();
        PyObject_GC_Track(task.ptr());
        return task;
    }
    PyTypeObject* const type = task_type(py);
    py::detail::raise_if_null(py, reinterpret_cast<PyObject*>(type));
    py::bound made = py::bound::steal(py, type->tp_alloc(type, 0));
    new (&fields_of(made.ptr()).step) next_step;
    py::detail::let_go(py::detail::raise_if_null(
        py,
        py::detail::into_python([&] { return PyObject_CallOneArg(asyncio_api::get(py).register_task, made.ptr()); })));
    fields_of(made.ptr()).registered = first_weak_reference(made.ptr());
    return made;
}

void give_back(py::bound task) noexcept {
    std::vector<PyObject*>& spare = spare_tasks();
    if (spare.size() == most_spare_tasks || !is_unseen(task.ptr())) return;
    PyObject_GC_UnTrack(task.ptr());
    spare.push_back(task.release());
}

/// Shows `task` as the current one of `loop`, and at the end the one that was.
class shown_as_current {
public:
    shown_as_current(py::python py, PyObject* loop, PyObject* task)
        : all_(asyncio_api::get(py).current_tasks),
          loop_(loop),
          outer_(Py_XNewRef(PyDict_GetItemWithError(all_, loop))) {
        py::detail::raise_if_negative(py, PyDict_SetItem(all_, loop, task));
    }
    shown_as_current(const shown_as_current&) = delete;
    shown_as_current& operator=(const shown_as_current&) = delete;
    ~shown_as_current() {
        const py::detail::set_aside under_way;
        const int done = outer_ != nullptr ? PyDict_SetItem(all_, loop_, outer_) : PyDict_DelItem(all_, loop_);
        if (done < 0) PyErr_Clear();
        py::detail::let_go(outer_);
    }

private:
    PyObject* all_;
    PyObject* loop_;
    PyObject* outer_;
};

/// An exception that C++ has been given is no longer one that "was never retrieved".
PyObject* retrieve(PyObject*, PyObject* task) noexcept {
    PyObject* const seen = py::detail::into_python([&] { return PyObject_CallMethod(task, "exception", nullptr); });
    if (seen == nullptr) PyErr_Clear();
    py::detail::let_go(seen);
    Py_RETURN_NONE;
}

void mark_retrieved(PyObject* task) noexcept {
    static PyMethodDef retrieve_method{"retrieve", &retrieve, METH_O, nullptr};
    PyObject* const callback = PyCFunction_New(&retrieve_method, nullptr);
    PyObject* const added =
        callback == nullptr ? nullptr : PyObject_CallMethod(task, "add_done_callback", "O", callback);
    if (added == nullptr) PyErr_Clear();
    py::detail::let_go(added);
    py::detail::let_go(callback);
}

void next_step::arrive(work& self, delivery how) noexcept {
    const py::python py = py::detail::token_maker::make();
    py::bound task = py::bound::steal(py, std::exchange(static_cast<next_step&>(self).task, nullptr));
    // Where it has become asyncio's own meanwhile, or its owner has gone, there is nothing to do.
    if (how == delivery::served) eager_task::continue_step(py, std::move(task), nullptr);
}

}  // namespace

void eager_task::start(python_await& owner, py::python py, const py::bound& coroutine, PyObject* context) {
    py::bound task = take_task(py);
    task_fields& fields = fields_of(task.ptr());
    fields.coroutine = Py_NewRef(coroutine.ptr());
    fields.loop = Py_NewRef(owner.inbox_->event_loop());
    fields.context = Py_NewRef(context);
    fields.waits = 0;
    step(owner, py, std::move(task), nullptr);
}

void eager_task::continue_step(py::python py, py::bound task, PyObject* waited_for) noexcept {
    task_fields& fields = fields_of(task.ptr());
    if (fields.owner == nullptr || is_initialised(fields)) return;
    python_await& owner = *fields.owner;
    try {
        if (owner.inbox_->direct(py)) {
            step(owner, py, std::move(task), waited_for);
        } else {
            if (waited_for != nullptr) fields.waits_for = Py_NewRef(waited_for);
            initialise(py, task.ptr());
        }
    } catch (...) {
        owner.ends_with_error(py, std::current_exception());
    }
}

void eager_task::step(python_await& owner, py::python py, py::bound task, PyObject* waited_for) {
    task_fields& fields = fields_of(task.ptr());
    PyObject* result = nullptr;
    PySendResult how = PYGEN_ERROR;
    const bool had_owner = fields.owner != nullptr;
    {
        const py::bound coroutine = py::bound::borrow(py, fields.coroutine);
        const entered_context entered(py, fields.context);
        const shown_as_current shown(py, fields.loop, task.ptr());
        // As asyncio has it: the exception of a Future is thrown, its value is fetched by who awaits it.
        PyObject* const value = waited_for == nullptr ? Py_NewRef(Py_None) : python_future_wait::result(waited_for);
        py::detail::let_go(value);
        how = value != nullptr ? py::detail::into_python([&] { return PyIter_Send(coroutine.ptr(), Py_None, &result); })
                               : throw_raised(py, coroutine.ptr(), &result);
    }
    if (had_owner && fields.owner == nullptr) {
        // The loop was closed by another thread during the step, and the owner has been told.
        return leave_to_task(task, how, result);
    }
    switch (how) {
        case PYGEN_NEXT:
            return waits(owner, task, py::bound::steal(py, result));
        case PYGEN_RETURN:
            return returns(owner, std::move(task), py::bound::steal(py, result));
        case PYGEN_ERROR:
            return raises(owner, py, std::move(task));
    }
}

/// What a step has come to, where nobody waits for it: a Task that somebody has seen goes on with it. Takes `result`.
void eager_task::leave_to_task(const py::bound& task, PySendResult how, PyObject* result) noexcept {
    const py::python py = task.py();
    const task_fields& fields = fields_of(task.ptr());
    if (!is_initialised(fields)) {
        py::detail::let_go(result);
        return PyErr_Clear();
    }
    stand_in& replacement = stand_in::of(fields.stand_in);
    switch (how) {
        case PYGEN_NEXT:
            if (result != Py_None) replacement.waits(result, unmark_yielded(py, result));
            return py::detail::let_go(result);
        case PYGEN_RETURN:
            replacement.value = result;
            return;
        case PYGEN_ERROR:
            replacement.exception = Py_NewRef(py::python_error::fetch(py).value().ptr());
            return;
    }
}

void eager_task::waits(python_await& owner, const py::bound& task, const py::bound& waits_for) {
    const py::python py = task.py();
    task_fields& fields = fields_of(task.ptr());
    const bool bare_yield = waits_for.is_none();
    fields.owner = &owner;
    if (!is_initialised(fields) && python_future_wait::begin(waits_for.ptr(), fields.loop, task.ptr())) {
        fields.waits_for = Py_NewRef(waits_for.ptr());
        return owner.continues_as(task.ptr());
    }
    const bool marked = !bare_yield && unmark_yielded(py, waits_for.ptr());
    if (bare_yield && !is_initialised(fields)) {
        // It asks for the loop's next turn, and that needs no Task.
        fields.step.task = Py_NewRef(task.ptr());
        owner.inbox_->post_next_turn(fields.step);
    } else if (!(marked && !is_initialised(fields) && await_future(task, waits_for))) {
        if (!is_initialised(fields)) initialise(py, task.ptr());
        stand_in& replacement = stand_in::of(fields.stand_in);
        replacement.owner = &owner;
        if (!bare_yield) replacement.waits(waits_for.ptr(), marked);
    }
    owner.continues_as(task.ptr());
}

/// Without a Task: the Future calls back here. False where a Task shall do it, or only a Task knows what to do: the
/// Future belongs to another loop.
bool eager_task::await_future(const py::bound& task, const py::bound& future) {
    static PyMethodDef method{"wake_up", &wake_up, METH_O, nullptr};
    const py::python py = task.py();
    const asyncio_api& asyncio = asyncio_api::get(py);
    task_fields& fields = fields_of(task.ptr());
    // asyncio's own Task waits for its own Futures at less cost than we do: who waits often gets one.
    constexpr int worth_a_task = 4;
    if (++fields.waits > worth_a_task) return false;
    const py::bound loop = py::bound::steal(py, PyObject_CallMethodNoArgs(future.ptr(), asyncio.get_loop_name));
    if (loop.ptr() != fields.loop) return false;
    const py::bound callback = py::bound::steal(py, PyCFunction_New(&method, task.ptr()));
    const std::array<PyObject*, 3> arguments{future.ptr(), callback.ptr(), fields.context};
    py::detail::let_go(py::detail::raise_if_null(py, py::detail::into_python([&] {
                                                     return PyObject_VectorcallMethod(asyncio.add_done_callback_name,
                                                                                      arguments.data(), 2,
                                                                                      asyncio.context_keyword);
                                                 })));
    fields.waits_for = Py_NewRef(future.ptr());
    return true;
}

PyObject* eager_task::wake_up(PyObject* task, PyObject* future) noexcept {
    const py::python py = py::detail::token_maker::make();
    fields_of(task).called_back = true;
    woken(py::bound::borrow(py, task), future);
    fields_of(task).called_back = false;
    Py_RETURN_NONE;
}

void eager_task::woken(py::bound task, PyObject* future) noexcept {
    const py::python py = task.py();
    if (fields_of(task.ptr()).waits_for != future) return;
    py::detail::clear(fields_of(task.ptr()).waits_for);
    continue_step(py, std::move(task), future);
}

/// Whoever has kept it, without having looked at it yet, finds a Task that has ended as well.
void eager_task::appear_to_who_kept_it(const python_await& owner, const py::bound& task) noexcept {
    const task_fields& fields = fields_of(task.ptr());
    const Py_ssize_t ours = 1 + (owner.task_ == task.ptr() ? 1 : 0) + (fields.called_back ? 1 : 0);
    if (is_initialised(fields) || is_unseen(task.ptr(), ours)) return;
    const py::detail::set_aside under_way;
    if (!appear(task.py(), task.ptr())) return PyErr_WriteUnraisable(task.ptr());
    stand_in::of(fields.stand_in).owner = nullptr;  // is told by us
}

void eager_task::returns(python_await& owner, py::bound task, const py::bound& value) {
    task_fields& fields = fields_of(task.ptr());
    appear_to_who_kept_it(owner, task);
    // Where somebody has used the task meanwhile, it has to end in the same way.
    if (is_initialised(fields)) stand_in::of(fields.stand_in).value = Py_NewRef(value.ptr());
    end_fields(fields);
    owner.ends_with(value.py(), value);
    give_back(std::move(task));
}

void eager_task::raises(python_await& owner, py::python py, py::bound task) {
    task_fields& fields = fields_of(task.ptr());
    appear_to_who_kept_it(owner, task);
    if (is_initialised(fields)) {
        const py::python_error error = py::python_error::fetch(py);
        stand_in::of(fields.stand_in).exception = Py_NewRef(error.value().ptr());
        mark_retrieved(task.ptr());
        py::detail::set_raised(error.value().bind(py));
    }
    end_fields(fields);
    owner.ends_with_error(py, take_raised(py));
    give_back(std::move(task));
}

void eager_task::make_known(py::python py, PyObject* task) {
    if (Py_TYPE(task) == task_type(py) && !is_initialised(fields_of(task))) initialise(py, task);
}

void eager_task::forget(PyObject* task) noexcept {
    const py::python py = py::detail::token_maker::make();
    if (Py_TYPE(task) != task_type(py)) return;
    task_fields& fields = fields_of(task);
    fields.owner = nullptr;
    if (is_initialised(fields)) {
        stand_in::of(fields.stand_in).owner = nullptr;
    } else {
        py::detail::clear(fields.waits_for);
        py::detail::clear(fields.coroutine);
    }
}

PyObject* eager_task::coroutine_of(PyObject* task) noexcept {
    if (Py_TYPE(task) != task_type(py::detail::token_maker::make())) {
        PyObject* const coroutine = PyObject_CallMethod(task, "get_coro", nullptr);
        if (coroutine == nullptr) PyErr_Clear();
        return coroutine;
    }
    const task_fields& fields = fields_of(task);
    return Py_XNewRef(is_initialised(fields) ? stand_in::of(fields.stand_in).coroutine : fields.coroutine);
}

PyObject* eager_task::awaited_by(PyObject* task) noexcept {
    if (Py_TYPE(task) == task_type(py::detail::token_maker::make())) {
        const task_fields& fields = fields_of(task);
        PyObject* const yielded = is_initialised(fields) ? stand_in::of(fields.stand_in).waits_for : fields.waits_for;
        if (yielded != nullptr || !is_initialised(fields)) return Py_XNewRef(yielded);
    }
    PyObject* const future = PyObject_GetAttrString(task, "_fut_waiter");
    if (future == nullptr) PyErr_Clear();
    if (future != Py_None) return future;
    py::detail::let_go(future);
    return nullptr;
}

bool eager_task::is_unknown(PyObject* task) noexcept {
    return Py_TYPE(task) == task_type(py::detail::token_maker::make()) && !is_initialised(fields_of(task));
}

void eager_task::keep_quiet(PyObject* task) noexcept {
    if (!is_unknown(task) && PyObject_SetAttrString(task, "_log_destroy_pending", Py_False) < 0) PyErr_Clear();
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
