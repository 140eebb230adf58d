// framework/src/bridge/task_locals.cpp: where a task's locals come from.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/task_locals.hpp>

#include <mutex>
#include <new>

#include <pyasync/bridge/asyncio_api.hpp>
#include <pyasync/core/misuse.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/reclaim.hpp>

namespace pyasync {
namespace detail {
namespace {

thread_local acting_for* acting = nullptr;

struct default_locals {
    std::mutex mutex;
    ref<task_locals_state> value;
};

// Never destroyed: foreign threads may ask while the process exits.
default_locals& application_locals() {
    static auto* const only = new default_locals;
    return *only;
}

/// A reason to drain: the drain ends with reclaiming what has been given up on other threads.
struct reclaim_call final : work {
    explicit reclaim_call(ref<task_locals_state> locals) noexcept : work(&arrive), destination(std::move(locals)) {}
    const ref<task_locals_state> destination;
    static void arrive(work& self, delivery) noexcept { delete static_cast<reclaim_call*>(&self); }
};

/// References that die without the GIL are the application's loop's to reclaim, while there is one.
void wake_application() noexcept {
    default_locals& application = application_locals();
    const std::lock_guard lock(application.mutex);
    if (!application.value) return;
    if (auto* const call = new (std::nothrow) reclaim_call(application.value)) application.value->inbox().post(*call);
}

/// Under the GIL.
struct common {
    ref<task_locals_state> locals;
    const PyObject* variables = nullptr;  ///< of the context; immutable, and alive with it
    int users = 0;
};

common& commons() {
    static auto* const only = new common;
    return *only;
}

/// The immutable map that a context refers to: what a copy shares with the original, until one of them is changed. Null
/// where it cannot be told.
const PyObject* variables_of(PyObject* context) noexcept {
    if (context == nullptr) return nullptr;
    const PyObject* found = nullptr;
    const auto note = [](PyObject* part, void* to) {
        if (!PyContext_CheckExact(part)) *static_cast<const PyObject**>(to) = part;  // else it is the outer context
        return 0;
    };
    Py_TYPE(context)->tp_traverse(context, note, &found);
    return found;
}

/// Guards `parent_` of all locals: it changes once in their lives.
std::mutex& parents() {
    static auto* const only = new std::mutex;
    return *only;
}

}  // namespace

task_locals_state::task_locals_state(ref<asyncio_inbox> inbox, std::shared_ptr<const py::object> loop,
                                     py::object context, ref<task_locals_state> parent) noexcept
    : inbox_(std::move(inbox)), loop_(std::move(loop)), context_(std::move(context)), parent_(std::move(parent)) {}

PyObject* task_locals_state::context(py::python py) {
    if (context_.empty()) {
        context_ = py::bound::steal(py, PyContext_Copy(parent_->context(py))).unbind();
        const std::lock_guard lock(parents());
        parent_ = {};
    }
    return context_.ptr();
}

ref<task_locals_state> task_locals_state::with_context(py::object context) const {
    return make_ref<task_locals_state>(inbox_, loop_, std::move(context));
}

locals_ref task_locals_state::for_child() {
    ref<task_locals_state> with_context;
    {
        const std::lock_guard lock(parents());
        with_context = parent_ ? parent_ : ref<task_locals_state>::share(this);
    }
    return make_ref<task_locals_state>(inbox_, loop_, py::object(), std::move(with_context));
}

ref<task_locals_state> current_locals() {
    if (task_context* const context = task_context::current(); context != nullptr && context->need_locals()) {
        return ref<task_locals_state>::share(static_cast<task_locals_state*>(context->locals().get()));
    }
    return acting == nullptr ? ref<task_locals_state>() : acting->locals();
}

ref<task_locals_state> current_or_default_locals() {
    if (auto mine = current_locals()) return mine;
    default_locals& application = application_locals();
    const std::lock_guard lock(application.mutex);
    return application.value;
}

ref<task_locals_state> locals_here(py::python py) {
    if (auto mine = current_locals()) return mine;
    if (!py.import("asyncio").attr("_get_running_loop")().is_none()) {
        return task_locals::with_running_loop(py).copy_context(py).state();
    }
    return current_or_default_locals();
}

acting_for::acting_for(ref<task_locals_state> locals) noexcept
    : locals_(std::move(locals)), outer_(std::exchange(acting, this)) {}

acting_for::acting_for(ref<task_locals_state> parent, const py::bound& context) noexcept
    : locals_(std::move(parent)), context_(context.unbind()), outer_(std::exchange(acting, this)) {}

acting_for::~acting_for() { acting = outer_; }

const ref<task_locals_state>& acting_for::locals() {
    if (!context_.empty()) locals_ = locals_->with_context(std::move(context_));
    return locals_;
}

ref<task_locals_state> exchange_default_locals(ref<task_locals_state> locals) noexcept {
    py::detail::on_given_up(locals ? &wake_application : nullptr);
    default_locals& application = application_locals();
    const std::lock_guard lock(application.mutex);
    return std::exchange(application.value, std::move(locals));
}

void no_event_loop() {
    throw misuse(
        "pyasync: this task has no event loop: start it within run() or PYASYNC_MAIN, or give it one with "
        "scope(task_locals, task)");
}

}  // namespace detail

using detail::asyncio_api;
using detail::asyncio_inbox;
using detail::common;
using detail::make_ref;
using detail::task_locals_state;

namespace {

task_locals locals_of(const detail::ref<asyncio_inbox>& inbox, const py::bound& context) {
    return task_locals(make_ref<task_locals_state>(inbox, inbox->shared_event_loop(context.py()), context.unbind()));
}

}  // namespace

task_locals detail::running_locals(py::python py) {
    return locals_of(asyncio_inbox::of_running_loop(py), py::bound::steal(py, PyContext_CopyCurrent()));
}

detail::locals_in_use detail::common_locals(py::python py) {
    common& shared = commons();
    const auto inbox = asyncio_inbox::of_running_loop(py);
    const PyObject* const variables = variables_of(PyThreadState_Get()->context);
    if (!shared.locals || shared.variables != variables || &shared.locals->inbox() != inbox.get()) {
        const task_locals made = locals_of(inbox, py::bound::steal(py, PyContext_CopyCurrent()));
        if (variables == nullptr) return locals_in_use(made.state());
        made.state()->make_common();
        shared = {made.state(), variables, 0};
    }
    return locals_in_use(shared.locals);
}

PyObject* detail::common_context(py::python py) noexcept {
    const common& shared = commons();
    const bool is_current = shared.locals && shared.variables == variables_of(PyThreadState_Get()->context);
    return is_current ? shared.locals->context(py) : nullptr;
}

detail::locals_in_use::locals_in_use(ref<task_locals_state> locals) noexcept : locals_(std::move(locals)) {
    if (locals_ && locals_.get() == commons().locals.get()) ++commons().users;
}

void detail::locals_in_use::end() noexcept {
    const ref<task_locals_state> ending = std::move(locals_);
    common& shared = commons();
    if (ending && ending.get() == shared.locals.get() && --shared.users == 0) shared.locals = {};
}

task_locals task_locals::with_running_loop(py::python py) { return with_loop(get_running_loop(py)); }

task_locals task_locals::with_loop(const py::bound& event_loop) {
    return locals_of(asyncio_inbox::of(event_loop), py::bound::steal(event_loop.py(), PyContext_New()));
}

task_locals task_locals::copy_context(py::python py) const {
    return task_locals(state_->with_context(py::bound::steal(py, PyContext_CopyCurrent()).unbind()));
}

task_locals task_locals::with_context(const py::bound& context) const {
    if (!PyContext_CheckExact(context.ptr())) py::detail::expected("contextvars.Context", context);
    return task_locals(state_->with_context(context.unbind()));
}

py::bound task_locals::event_loop(py::python py) const { return py::bound::borrow(py, state_->event_loop()); }

py::bound task_locals::context(py::python py) const { return py::bound::borrow(py, state_->context(py)); }

task_locals get_current_locals(py::python py) {
    if (auto here = detail::locals_here(py)) return task_locals(std::move(here));
    return task_locals::with_running_loop(py);  // which says that there is none
}

py::bound get_current_loop(py::python py) { return get_current_locals(py).event_loop(py); }

py::bound get_running_loop(py::python py) { return asyncio_api::get(py).get_running_loop(py); }

}  // namespace pyasync
