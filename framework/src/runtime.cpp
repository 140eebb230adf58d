// framework/src/runtime.cpp: driving an event loop for C++, and the sequence in which all of it stops.
// SPDX-License-Identifier: MIT
#include <pyasync/runtime.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <set>
#include <vector>

#include <pyasync/bridge/asyncio_api.hpp>
#include <pyasync/bridge/call.hpp>
#include <pyasync/core/fork.hpp>
#include <pyasync/core/misuse.hpp>
#include <pyasync/core/spin.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/convert_containers.hpp>
#include <pyasync/py/ending.hpp>
#include <pyasync/uv/loop_pool.hpp>

#include "bounded.hpp"
#include "dump_on_signal.hpp"
#include "in_words.hpp"
#include "interrupts.hpp"
#include "python_threads.hpp"

namespace pyasync {
namespace {

constexpr auto interpreter_shutdown_timeout = std::chrono::seconds(10);
/// What ends, is waited for as long before there is another look at what has begun meanwhile.
constexpr auto patience_at_the_end = std::chrono::milliseconds(100);

std::string described(const std::source_location& where) {
    if (where.line() == 0) return "a loop thread that is blocked: something on it does not return";
    return detail::started_at(where);
}

/// Set once something has been left behind: then nothing is torn down under it any more.
std::atomic<bool> left_behind{false};
/// Set once Python has ended, or been left: a process has one.
std::atomic<bool> over{false};

void report_left(const std::vector<std::string>& left, std::chrono::milliseconds limit) {
    left_behind = true;
    fmt::print(stderr, "pyasync: not ended after {} ms, and left behind:\n", limit.count());
    for (const std::string& line : left) fmt::print(stderr, "  {}\n", line);
    std::fflush(stderr);
}

/// Cancels on a libuv loop what carries the given event loop and is waited for by nobody.
class cancel_sweep final : detail::work {
public:
    /// On all of them.
    static void send(detail::asyncio_inbox& inbox) {
        for (uv::loop* each : uv::loop_pool::instance().running()) {
            each->post(*new cancel_sweep(*each, detail::ref<detail::asyncio_inbox>::share(&inbox)));
        }
    }

private:
    cancel_sweep(uv::loop& to, detail::ref<detail::asyncio_inbox> inbox) noexcept
        : work(&arrive), loop_(to), inbox_(std::move(inbox)) {}

    static void arrive(work& self, detail::delivery how) noexcept {
        const std::unique_ptr<cancel_sweep> sweep(static_cast<cancel_sweep*>(&self));
        if (how == detail::delivery::refused) return;
        sweep->loop_.running().abandon_if([&](detail::in_flight& entry) {
            const auto* const locals = static_cast<const detail::task_locals_state*>(entry.carried());
            return locals != nullptr && &locals->inbox() == sweep->inbox_.get();
        });
    }

    uv::loop& loop_;
    detail::ref<detail::asyncio_inbox> inbox_;
};

/// Completes an asyncio.Future when no C++ task of a loop is left.
class idle_message final : public detail::ref_counted, public detail::work {
public:
    explicit idle_message(py::object future) noexcept : work(&arrive), future_(std::move(future)) {}

    [[nodiscard]] static py::bound future_of(detail::asyncio_inbox& inbox, const py::bound& loop) {
        py::bound future = loop.call_method("create_future");
        inbox.notify_when_idle(*detail::make_ref<idle_message>(future.unbind()).leak());
        return future;
    }

private:
    static void arrive(work& self, detail::delivery how) noexcept {
        const auto message = detail::ref<idle_message>::adopt(&static_cast<idle_message&>(self));
        if (how == detail::delivery::refused) return;
        const py::python py = py::detail::token_maker::make();
        try {
            const py::bound future = std::move(message->future_).bind(py);
            if (!future.call_method("done")) future.call_method("set_result", py.none());
        } catch (const py::python_error&) {
            // Its loop has been closed meanwhile: nobody waits.
        }
    }

    py::object future_;
};

py::bound make_loop_factory(py::python py, const std::string& name) {
    if (name == "asyncio") return py.none();
    if (name == "uvloop") {
        try {
            return py.import("uvloop").attr("new_event_loop");
        } catch (const py::python_error& error) {
            if (!error.matches("ModuleNotFoundError")) throw;
            py::detail::raise(py, PyExc_ModuleNotFoundError,
                              "event_loop \"uvloop\": " + error.value().bind(py).str() +
                                  "; install it (Debian: python3-uvloop, PyPI: uvloop)");
        }
    }
    if (name.find(':') == std::string::npos) {
        py::detail::raise(py, PyExc_ValueError,
                          "unknown event loop \"" + name + R"(": use "asyncio", "uvloop" or "module:factory")");
    }
    return detail::resolve(py, name);
}

}  // namespace

namespace detail {

namespace {

void refuse_running_loop(py::python py) {
    if (py.import("asyncio").attr("_get_running_loop")().is_none()) return;
    py::detail::raise(
        py, PyExc_RuntimeError,
        "run() and run_until_complete() cannot be called while an event loop runs on this thread; co_await "
        "the task, or give it to Python with future_into_py()");
}

/// As `run_until_complete`; but what ends the loop does not end it: a `loop.stop()` from before, which uvloop has kept for
/// its next run, or a `sys.exit()`, where the program ends already: the first of those goes to `exit`.
py::bound run_to_its_end(const py::bound& loop, const py::bound& coroutine, std::optional<py::python_error>& exit) {
    const py::bound task = with_frame(loop.attr("create_task"))(coroutine);
    constexpr int most_stops = 10;
    for (int stops = 0;; ++stops) {
        try {
            return with_frame(loop.attr("run_until_complete"))(task);
        } catch (const py::python_error& error) {
            const bool exits = error.matches("SystemExit");
            if (exits && !exit) exit = error;
            const bool stopped = exits || error.matches("RuntimeError");
            if (!stopped || task.call_method("done") || stops == most_stops) throw;
        }
    }
}

}  // namespace

namespace {

/// A SystemExit of a task has been heard of: it is the program's, and not forgotten.
void retrieve_exit(const py::bound& task) {
    if (!task.call_method("done") || task.call_method("cancelled")) return;
    const py::bound error = task.has_attr("_exception") ? task.attr("_exception") : task.py().none();
    if (PyErr_GivenExceptionMatches(error.ptr(), PyExc_SystemExit) != 0) task.call_method("exception");
}

}  // namespace

class loop_runner::state {
public:
    state(py::python py, const options& how)
        : limit(bounded(how.shutdown_timeout)),
          runner(py.import("asyncio").attr("Runner")(py::kw("debug") = how.debug ? py.value(true) : py.none(),
                                                     py::kw("loop_factory") = make_loop_factory(py, how.event_loop))),
          loop(runner.call_method("get_loop")),
          locals(task_locals::with_loop(loop).copy_context(py)) {}
    explicit state(const py::bound& event_loop)
        : runner(event_loop.py().none()),
          loop(event_loop),
          locals(task_locals::with_loop(loop).copy_context(event_loop.py())) {}

    std::chrono::milliseconds limit{0};
    py::bound runner;  ///< None where the loop is the caller's
    py::bound loop;
    task_locals locals;
    ref<task_locals_state> outer_default = exchange_default_locals(locals.state());
    bool closed = false;
    int signal = 0;                        ///< that has cancelled the future
    std::optional<py::python_error> exit;  ///< a `sys.exit()` at the end

    void run_until_done(const std::function<py::bound()>& start);
    /// Cancels what runs, waits for it and for the jobs of the loop's own executor within the limit, and says what has
    /// not ended then.
    [[nodiscard]] std::vector<std::string> stop_all();

private:
    using clock = std::chrono::steady_clock;

    [[nodiscard]] std::vector<std::string> cancel_all(clock::time_point deadline);
    [[nodiscard]] std::vector<std::string> wait_for_executor(clock::time_point deadline);
    [[nodiscard]] std::vector<py::bound> pending_tasks() const;
    void cancel_once(const std::vector<py::bound>& tasks);
    /// Until they have ended, and every C++ task has.
    void wait_for(const std::vector<py::bound>& tasks, clock::time_point deadline);
    static PyObject* stop_loop(PyObject* loop, PyObject*) noexcept {
        return PyObject_CallMethod(loop, "stop", nullptr);
    }
};

void loop_runner::state::run_until_done(const std::function<py::bound()>& start) {
    static PyMethodDef stop_method{"stop_loop", &stop_loop, METH_O, nullptr};
    const py::python py = loop.py();
    const py::bound stop = py::bound::steal(py, PyCFunction_New(&stop_method, loop.ptr()));
    interrupt_handler interrupts(loop);
    const py::bound future = start();
    interrupts.watch(future);
    future.call_method("add_done_callback", stop);
    try {
        with_frame(loop.attr("run_forever"))();
    } catch (const py::python_error&) {
        future.call_method("remove_done_callback", stop);
        throw;
    }
    if (locals.state()->inbox().of_parent_process()) {
        throw misuse(
            "pyasync: this forked child has come back to its parent's event loop, whose C++ tasks did not follow; "
            "leave it with sys.exit() or os._exit(), or use exec or multiprocessing's spawn");
    }
    if (!future.call_method("done")) {
        future.call_method("remove_done_callback", stop);
        py::detail::raise(py, PyExc_RuntimeError, "Event loop stopped before the C++ task had ended.");
    }
    const bool was_cancelled(future.call_method("cancelled"));
    if (!was_cancelled) future.call_method("exception");  // seen: it is thrown here, not reported as forgotten
    signal = interrupts.received();
    if (!was_cancelled) return;
    if (signal == SIGINT) py::detail::raise(py, PyExc_KeyboardInterrupt, "");
    if (signal == SIGTERM) {
        throw py::python_error::from(py.import("builtins").attr("SystemExit")(exit_by_signal + SIGTERM));
    }
}

std::vector<py::bound> loop_runner::state::pending_tasks() const {
    std::vector<py::bound> pending;
    for (const py::bound& task : loop.py().import("asyncio").attr("all_tasks")(loop)) pending.push_back(task);
    return pending;
}

void loop_runner::state::cancel_once(const std::vector<py::bound>& tasks) {
    // What another one waits for is cancelled by that one, on either side. A second cancellation would interrupt the
    // cleaning up.
    std::set<PyObject*> awaited_by_cpp;
    locals.state()->inbox().for_each_dependent([&](loop_dependent& entry) {
        if (PyObject* const task = entry.awaited_task()) awaited_by_cpp.insert(task);
    });
    for (const py::bound& task : tasks) {
        if (!awaited_by_cpp.contains(task.ptr())) with_frame(task.attr("cancel"))();
    }
}

void loop_runner::state::wait_for(const std::vector<py::bound>& tasks, clock::time_point deadline) {
    const py::python py = loop.py();
    const py::bound wait = py.import("asyncio").attr("wait");
    asyncio_inbox& inbox = locals.state()->inbox();
    py::bound idle = idle_message::future_of(inbox, loop);
    for (;;) {
        std::vector<py::bound> awaited = tasks;
        awaited.push_back(idle);
        const auto rest =
            std::clamp<clock::duration>(deadline - clock::now(), clock::duration::zero(), patience_at_the_end);
        const py::bound waiting = run_to_its_end(loop, wait(awaited, py::kw("timeout") = rest), exit)[1];
        if ((inbox.roots() == 0 && !waiting) || clock::now() >= deadline) return;
        // Other threads may start tasks meanwhile, or have done so just before: those are cancelled, too.
        inbox.for_each_dependent([py](loop_dependent& entry) { entry.loop_still_stopping(py); });
        cancel_sweep::send(inbox);
        if (idle.call_method("done")) idle = idle_message::future_of(inbox, loop);
    }
}

std::vector<std::string> loop_runner::state::stop_all() {
    const auto deadline = clock::now() + limit;
    std::vector<std::string> left = cancel_all(deadline);
    return left.empty() ? wait_for_executor(deadline) : left;
}

std::vector<std::string> loop_runner::state::cancel_all(clock::time_point deadline) {
    const py::python py = loop.py();
    asyncio_inbox& inbox = locals.state()->inbox();
    inbox.for_each_dependent([py](loop_dependent& entry) { entry.loop_stopping(py); });
    std::vector<py::bound> pending = pending_tasks();
    // What those that unwind start, and do not wait for, has its turn when they have ended.
    while (!pending.empty() || inbox.roots() != 0) {
        cancel_once(pending);
        cancel_sweep::send(inbox);
        wait_for(pending, deadline);
        for (const py::bound& task : pending) retrieve_exit(task);
        pending = pending_tasks();
        if (clock::now() >= deadline) break;
    }

    std::vector<std::string> left;
    if (inbox.roots() != 0) {
        for (const std::source_location& where : uv::loop_pool::instance().in_flight())
            left.push_back(described(where));
    }
    for (const py::bound& task : pending) left.push_back("a Python task: " + task.repr());
    return left;
}

std::vector<std::string> loop_runner::state::wait_for_executor(clock::time_point deadline) {
    const py::python py = loop.py();
    // Not cancelled when its time is over: it would wait without end for the thread that waits without end.
    const std::vector<py::bound> shutdown{
        with_frame(loop.attr("create_task"))(loop.call_method("shutdown_default_executor"))};
    const std::chrono::duration<double> rest = std::max<clock::duration>(deadline - clock::now(), patience_at_the_end);
    run_to_its_end(loop, py.import("asyncio").attr("wait")(shutdown, py::kw("timeout") = rest.count()), exit);
    if (shutdown.front().call_method("done")) return {};
    return working_python_threads(py);
}

loop_runner::loop_runner(py::python py, const options& how) {
    refuse_running_loop(py);
    uv::loop_pool::instance().configure(how.loop_threads);
    set_spin_limit(how.spin);
    // Elsewhere, signals are the host's affair.
    if (how.debug && py::interpreter::exists()) dump_on_signal();
    state_ = std::make_unique<state>(py, how);
}

loop_runner::loop_runner(const py::bound& event_loop) {
    refuse_running_loop(event_loop.py());
    state_ = std::make_unique<state>(event_loop);
}

loop_runner::~loop_runner() { close(); }

const task_locals& loop_runner::locals() const noexcept { return state_->locals; }

int loop_runner::signal() const noexcept { return state_->signal; }

void loop_runner::run_until_done(const std::function<py::bound()>& start) { state_->run_until_done(start); }

bool loop_runner::close() noexcept {
    if (std::exchange(state_->closed, true)) return true;
    const py::python py = state_->loop.py();
    bool all_ended = true;
    try {
        if (asyncio_inbox& inbox = state_->locals.state()->inbox(); inbox.of_parent_process()) {
            inbox.keep_loop();
            return true;
        }
        if (!state_->runner.is_none()) {
            const interrupts_at_the_end interrupts(py, state_->signal == SIGTERM);
            const std::vector<std::string> left = state_->stop_all();
            all_ended = left.empty();
            if (all_ended) {
                state_->runner.call_method("close");
            } else {
                report_left(left, state_->limit);
            }
        }
    } catch (const py::python_error& error) {
        py::detail::set_raised(error.value().bind(py));
        PyErr_WriteUnraisable(state_->loop.ptr());
    }
    exchange_default_locals(std::move(state_->outer_default));
    return all_ended;
}

void loop_runner::finish() {
    close();
    if (state_->exit) throw *state_->exit;
}

}  // namespace detail

namespace {

/// Loops of the program's own that it has left open: what waits for them learns that nothing comes any more.
void close_inboxes() {
    if (detail::asyncio_inbox::open_no_more()) return;
    const py::gil held;
    detail::asyncio_inbox::close_all(held.token());
}

/// Says what has not ended then.
std::vector<std::string> wait_for_python(std::chrono::milliseconds limit) {
    // In a forked child Python waits by itself, without a limit: what bounds it is a thread, which may not be started there.
    if (Py_IsInitialized() == 0 || detail::in_forked_child()) return {};
    const py::gil held;
    const py::python py = held.token();
    if (!py::detail::is_imported(py, "threading")) return {};
    const detail::interrupts_at_the_end interrupts(py, /*terminated=*/true);
    try {
        return detail::join_python_threads(py, std::chrono::steady_clock::now() + limit);
    } catch (const py::python_error&) {
        return {};  // a Python that this does not know waits by itself, without a limit
    }
}

}  // namespace

interpreter::interpreter(const py::interpreter_options& options) : python_(options) {}

interpreter::~interpreter() { static_cast<void>(finalise(interpreter_shutdown_timeout)); }

bool interpreter::finish(std::chrono::milliseconds given, bool fast) {
    const auto limit = detail::bounded(given);
    if (over) return true;
    if (!left_behind) {
        if (!detail::in_forked_child()) close_inboxes();
        std::vector<std::string> left;
        for (const std::source_location& where : uv::loop_pool::instance().stop(limit))
            left.push_back(described(where));
        if (left.empty()) left = wait_for_python(limit);
        if (left.empty() && !(fast ? python_.leave(limit) : python_.finalise(limit)))
            left.emplace_back("a thread that holds or waits for the GIL");
        if (left.empty()) return over = true;
        report_left(left, limit);
    }
    python_.abandon();
    return false;
}

}  // namespace pyasync
