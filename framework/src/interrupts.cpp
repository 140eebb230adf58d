// framework/src/interrupts.cpp: handlers in Python for what must be cancelled there, and in C for what must not wait.
// SPDX-License-Identifier: MIT
#include "interrupts.hpp"

#include <unistd.h>

#include <pyasync/bridge/asyncio_api.hpp>
#include <pyasync/py/interpreter.hpp>
#include <pyasync/uv/tty.hpp>

#include "bridge/fork_hook.hpp"

namespace pyasync::detail {
namespace {

/// Ends the process, whatever it is doing.
void end_at_once(int number) {
    uv::detail::reset_terminals();
    ::_exit(exit_by_signal + number);
}

void handle_at_once(int number, void (*handler)(int)) {
    struct sigaction action{};
    action.sa_handler = handler;
    ::sigaction(number, &action, nullptr);
}

// What the handler in Python knows; main thread only.
int received_signal = 0;
PyObject* watched_future = nullptr;
std::vector<int> handled_signals;

PyObject* interrupted(PyObject*, PyObject* arguments) noexcept {
    received_signal = static_cast<int>(PyLong_AsLong(PyTuple_GET_ITEM(arguments, 0)));
    // From now on without Python, which may be busy for good.
    for (const int number : handled_signals) handle_at_once(number, &end_at_once);
    return watched_future != nullptr ? PyObject_CallMethod(watched_future, "cancel", nullptr) : Py_NewRef(Py_None);
}

py::bound cancelling_handler(py::python py) {
    static PyMethodDef method{"interrupted", &interrupted, METH_VARARGS, nullptr};
    static PyObject* const only = PyCFunction_New(&method, nullptr);
    return py::bound::borrow(py, only);
}

/// Returns the descriptor that signals were written to before, or -1.
int set_wakeup_descriptor(py::python py, int descriptor) {
    return py.import("signal").attr("set_wakeup_fd")(descriptor, py::kw("warn_on_full_buffer") = false).to<int>();
}

/// The one of a `signal_wake_up`, or -1.
int own_wakeup_descriptor = -1;

/// After the first SIGTERM the next one ends the process.
void expect_another(int number) { handle_at_once(number, &end_at_once); }

/// Is it handled in C, by one of the two functions above?
bool is_handled_at_once(int number) {
    struct sigaction action{};
    return ::sigaction(number, nullptr, &action) == 0 &&
           (action.sa_handler == &end_at_once || action.sa_handler == &expect_another);
}

/// In a forked child: what the signals would cancel, or wake, is the parent's.
PyObject* process_forked(PyObject*, PyObject*) noexcept {
    const py::python py = py::detail::token_maker::make();
    try {
        const py::bound signal = py.import("signal");
        for (const int number : {SIGINT, SIGTERM}) {
            py::bound handler = signal.attr("getsignal")(number);
            const bool is_ours = handler.is(cancelling_handler(py));
            if (is_ours) handler = signal.attr(number == SIGINT ? "default_int_handler" : "SIG_DFL");
            if (is_ours || is_handled_at_once(number)) signal.attr("signal")(number, handler);
        }
        if (own_wakeup_descriptor >= 0) {
            const int last = set_wakeup_descriptor(py, -1);
            if (last >= 0 && last != own_wakeup_descriptor) set_wakeup_descriptor(py, last);
        }
    } catch (const py::python_error&) {
        // It is no process whose signals Python handles.
    }
    Py_RETURN_NONE;
}

void watch_forks(py::python py) {
    static PyMethodDef method{"process_forked", &process_forked, METH_NOARGS, nullptr};
    static bool watched = false;
    if (!std::exchange(watched, true)) call_in_forked_children(py, method);
}

}  // namespace

signal_wake_up::signal_wake_up(const py::bound& loop)
    : loop_(loop), read_end_(loop.py().none()), write_end_(loop.py().none()) {
    const py::python py = loop.py();
    if (const int before = set_wakeup_descriptor(py, -1); before >= 0) {
        set_wakeup_descriptor(py, before);
        return;
    }
    const py::bound pair = py.import("socket").attr("socketpair")();
    read_end_ = pair[0];
    write_end_ = pair[1];
    for (const py::bound* end : {&read_end_, &write_end_}) end->call_method("setblocking", false);
    constexpr int many = 4096;
    with_frame(loop_.attr("add_reader"))(read_end_, read_end_.attr("recv"), many);
    own_wakeup_descriptor = write_end_.call_method("fileno").to<int>();
    set_wakeup_descriptor(py, own_wakeup_descriptor);
}

signal_wake_up::~signal_wake_up() {
    if (read_end_.is_none()) return;
    own_wakeup_descriptor = -1;
    try {
        // The loop's add_signal_handler puts a descriptor of its own here.
        const int own = write_end_.call_method("fileno").to<int>();
        if (const int last = set_wakeup_descriptor(loop_.py(), -1); last != own)
            set_wakeup_descriptor(loop_.py(), last);
        if (!loop_.call_method("is_closed")) loop_.call_method("remove_reader", read_end_);
        read_end_.call_method("close");
        write_end_.call_method("close");
    } catch (const py::python_error& error) {
        py::detail::set_raised(error.value().bind(loop_.py()));
        PyErr_WriteUnraisable(loop_.ptr());
    }
}

interrupt_handler::interrupt_handler(const py::bound& loop) : signal_(loop.py().import("signal")) {
    const py::python py = loop.py();
    const py::bound threading = py.import("threading");
    if (!threading.attr("current_thread")().is(threading.attr("main_thread")())) return;
    watch_forks(py);
    received_signal = 0;
    handled_signals.clear();
    install(SIGINT, signal_.attr("default_int_handler"));
    if (py::interpreter::exists()) install(SIGTERM, signal_.attr("SIG_DFL"));
    if (!replaced_.empty()) wake_up_.emplace(loop);
}

interrupt_handler::~interrupt_handler() {
    watched_future = nullptr;
    for (const auto& [number, replaced] : replaced_) {
        try {
            if (is_handled_by(number, cancelling_handler(signal_.py()))) signal_.attr("signal")(number, replaced);
        } catch (const py::python_error&) {
        }
    }
}

void interrupt_handler::watch(const py::bound& future) {
    if (replaced_.empty()) return;
    future_ = future;
    watched_future = future.ptr();
    if (received() != 0) future.call_method("cancel");
}

int interrupt_handler::received() const noexcept { return replaced_.empty() ? 0 : received_signal; }

void interrupt_handler::install(int number, const py::bound& otherwise) {
    if (!is_handled_by(number, otherwise)) return;
    signal_.attr("signal")(number, cancelling_handler(signal_.py()));
    replaced_.emplace_back(number, otherwise);
    handled_signals.push_back(number);
}

bool interrupt_handler::is_handled_by(int number, const py::bound& handler) const {
    return signal_.attr("getsignal")(number).is(handler);
}

interrupts_at_the_end::interrupts_at_the_end(py::python py, bool terminated) {
    const py::bound signal = py.import("signal");
    const auto is_handled_by = [&](int number, const char* name) {
        return signal.attr("getsignal")(number).is(signal.attr(name));
    };
    if (is_handled_by(SIGINT, "default_int_handler")) replace(SIGINT, &end_at_once);
    if (py::interpreter::exists() && is_handled_by(SIGTERM, "SIG_DFL")) {
        replace(SIGTERM, terminated ? &end_at_once : &expect_another);
    }
}

interrupts_at_the_end::~interrupts_at_the_end() {
    for (const auto& [number, before] : replaced_) ::sigaction(number, &before, nullptr);
}

void interrupts_at_the_end::replace(int number, void (*handler)(int)) {
    struct sigaction before{};
    if (::sigaction(number, nullptr, &before) != 0) return;
    replaced_.emplace_back(number, before);
    handle_at_once(number, handler);
}

}  // namespace pyasync::detail
