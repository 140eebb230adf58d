// framework/src/bridge/python_report.cpp: frames, Futures, and the callbacks that lead from one to the other.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/python_report.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <ranges>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <pyasync/bridge/asyncio_api.hpp>
#include <pyasync/bridge/asyncio_inbox.hpp>
#include <pyasync/bridge/eager_task.hpp>
#include <pyasync/bridge/python_future.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/error.hpp>

namespace pyasync::detail {
namespace {

/// Null is a result here, not an error.
std::optional<py::bound> owned(py::python py, PyObject* reference) {
    if (reference == nullptr) return std::nullopt;
    return py::bound::steal(py, reference);
}

/// What it has under that name; nothing where it has none, or does not want to say so.
std::optional<py::bound> attribute(const py::bound& object, const char* name) {
    PyObject* const found = PyObject_GetAttrString(object.ptr(), name);
    if (found == nullptr) PyErr_Clear();
    return owned(object.py(), found);
}

/// Python's own; no line has that number, so it is no operation of C++'s, whatever has that address later.
report_id id_of(const py::bound& object) { return {object.ptr(), std::numeric_limits<std::uint_least32_t>::max()}; }

/// A name that the program has chosen: as it is, where it can be printed on a line; else with Python's escapes.
std::string printable(const py::bound& name) {
    if (PyUnicode_Check(name.ptr()) != 0 && name.call_method("isprintable")) return name.str();
    const std::string escaped = name.repr();
    return PyUnicode_Check(name.ptr()) != 0 ? escaped.substr(1, escaped.size() - 2) : escaped;
}

// ---- Where it stands. ----

std::string place_of(const py::bound& frame) {
    const py::bound code = frame.attr("f_code");
    const py::bound line = frame.attr("f_lineno");
    return printable(code.attr("co_filename")) + ":" + (line.is_none() ? "?" : line.str()) + " in " +
           printable(code.attr("co_qualname"));
}

void add_place(const py::bound& frame, std::vector<std::string>& places, std::size_t& left_out) {
    if (places.size() < task_report::most_places) {
        places.push_back(place_of(frame));
    } else {
        ++left_out;
    }
}

/// What coroutines, generators and async generators have in common.
struct attributes {
    const char* code;
    const char* frame;
    const char* awaits;
};
constexpr std::array kinds{attributes{"cr_code", "cr_frame", "cr_await"},
                           attributes{"gi_code", "gi_frame", "gi_yieldfrom"},
                           attributes{"ag_code", "ag_frame", "ag_await"}};

/// What is awaited by something between two coroutines that has no attributes for it (what `__anext__()` of an async
/// generator returns, say), if it shows the garbage collector one.
std::optional<py::bound> coroutine_within(const py::bound& awaitable) {
    const traverseproc traverse = Py_TYPE(awaitable.ptr())->tp_traverse;
    if (traverse == nullptr) return std::nullopt;
    const auto note = [](PyObject* part, void* to) {
        PyObject*& found = *static_cast<PyObject**>(to);
        const bool is_one = PyCoro_CheckExact(part) || PyGen_CheckExact(part) || PyAsyncGen_CheckExact(part);
        if (found == nullptr && is_one) found = part;
        return 0;
    };
    PyObject* found = nullptr;
    traverse(awaitable.ptr(), note, &found);
    return owned(awaitable.py(), Py_XNewRef(found));
}

/// The frames of a coroutine that does not run, and of those that it awaits.
void add_places(const py::bound& coroutine, task_node& task) {
    std::vector<py::bound> frames;  // outermost first
    std::optional<py::bound> at = coroutine;
    constexpr std::size_t most_steps = 10'000;
    for (std::size_t steps = 0; at && !at->is_none() && steps < most_steps; ++steps) {
        const attributes* kind = nullptr;
        for (const attributes& each : kinds) {
            if (kind == nullptr && at->has_attr(each.awaits)) kind = &each;
        }
        if (kind == nullptr) {
            at = coroutine_within(*at);
            continue;
        }
        // A coroutine of C++ has no code, and what it stands at is the C++ task's to say.
        const std::optional<py::bound> code = attribute(*at, kind->code);
        const std::optional<py::bound> frame = attribute(*at, kind->frame);
        if (code && !code->is_none() && frame && !frame->is_none()) frames.push_back(*frame);
        at = attribute(*at, kind->awaits);
    }
    for (const py::bound& frame : frames | std::views::reverse) add_place(frame, task.places, task.places_left_out);
}

/// The frames of a thread, from the innermost to `last`, or all of them where that is not among them.
void add_places_of_thread(py::bound frame, const std::optional<py::bound>& last, std::vector<std::string>& places,
                          std::size_t& left_out) {
    for (; !frame.is_none(); frame = frame.attr("f_back")) {
        add_place(frame, places, left_out);
        if (last && frame.is(*last)) return;
    }
}

bool is_done(const py::bound& future) {
    const std::optional<py::bound> done = attribute(future, "done");
    return done && (*done)();
}

bool has_begun(const py::bound& coroutine) {
    const std::optional<py::bound> frame = attribute(coroutine, "cr_frame");
    if (!frame || frame->is_none()) return true;
    const std::optional<py::bound> last = attribute(*frame, "f_lasti");
    return !last || last->to<int>() >= 0;
}

// ---- What it is called. ----

std::string name_of_type(PyObject* object) {
    const std::string_view name = Py_TYPE(object)->tp_name;
    return std::string(name.starts_with('_') ? name.substr(1) : name);  // the C module's
}

std::string qualified_name(const std::optional<py::bound>& coroutine) {
    const std::optional<py::bound> name =
        coroutine ? attribute(*coroutine, "__qualname__") : std::optional<py::bound>();
    return name && PyUnicode_Check(name->ptr()) != 0 ? " " + printable(*name) : "";
}

std::string name_of_task(const py::bound& task, const std::optional<py::bound>& coroutine) {
    std::string name = "Python task";
    if (!eager_task::is_unknown(task.ptr())) {
        if (const auto own = attribute(task, "get_name")) name += " " + printable((*own)());
    }
    return name + qualified_name(coroutine);
}

// ---- The threads. ----

class threads {
public:
    explicit threads(py::python py)
        : frames_(py.import("sys").attr("_current_frames")()), all_(py.import("threading").attr("enumerate")()) {}

    [[nodiscard]] std::string name_of(unsigned long identity) const {
        for (const py::bound& each : all_) {
            const py::bound its = each.attr("ident");
            if (!its.is_none() && its.to<unsigned long>() == identity) return printable(each.attr("name"));
        }
        return "thread " + std::to_string(identity);
    }
    [[nodiscard]] std::optional<py::bound> frame_of(unsigned long identity) const {
        return owned(frames_.py(), Py_XNewRef(PyDict_GetItem(frames_.ptr(), frames_.py().value(identity).ptr())));
    }

private:
    py::bound frames_;
    py::bound all_;
};

/// Is that the frame of an event loop that waits for something to do?
bool waits_in(const py::bound& frame) {
    const std::string file = frame.attr("f_code").attr("co_filename").str();
    constexpr std::array<std::string_view, 4> loops{"asyncio/base_events.py", "asyncio/runners.py", "selectors.py",
                                                    "<string>"};
    return std::ranges::any_of(loops, [&file](std::string_view each) { return file.ends_with(each); });
}

// ---- All of it. ----

/// Makes the report, a loop after the other.
class reporter {
public:
    explicit reporter(py::python py)
        : py_(py), asyncio_(py.import("asyncio")), task_group_(asyncio_.attr("TaskGroup")), threads_(py) {}

    void add(asyncio_inbox& inbox) {
        const std::string home = "asyncio " + std::to_string(report_.loops.size());
        const py::bound loop = py::bound::borrow(py_, inbox.event_loop());
        std::optional<py::bound> frame;  // of the thread that runs it
        std::string line = home + ": " + loop.repr();
        if (loop.call_method("is_running")) {
            const std::optional<py::bound> its = attribute(loop, "_thread_id");
            const unsigned long thread =
                its && PyLong_Check(its->ptr()) != 0 ? its->to<unsigned long>() : inbox.thread();
            frame = threads_.frame_of(thread);
            if (frame) line += " on " + threads_.name_of(thread);
            if (thread == PyThread_get_thread_ident()) line += ", where this is asked for";
        } else {
            line += ", does not run";
        }
        const py::bound current = asyncio_.attr("current_task")(loop);
        // Before anything else is called: it changes while Python code runs.
        add_counterparts(inbox, home);
        for (const py::bound& task : tasks_of(loop)) {
            add_task(task, home, task.is(current) ? frame : std::optional<py::bound>());
        }
        if (frame && !current.is_none()) {
            line += ", runs a task";
        } else if (frame && waits_in(*frame)) {
            line += inbox.sleeps() ? ", waits" : ", runs what is no Python code";
        } else if (frame) {
            line += ", runs Python:";
            std::vector<std::string> places;
            std::size_t left_out = 0;
            add_places_of_thread(*frame, std::nullopt, places, left_out);
            for (const std::string& place : places) line += "\n    at " + place;
        }
        report_.loops.push_back(std::move(line));
    }

    /// When all loops have been added.
    [[nodiscard]] python_report finish() {
        for (std::size_t i = 0; i < all_.size(); ++i) add_awaited(i);
        for (std::size_t i = 0; i < all_.size(); ++i) add_to_waiters(i);
        for (known& each : all_) {
            if (!each.is_own_future) report_.tasks.push_back(std::move(each.node));
        }
        return std::move(report_);
    }

private:
    /// A Task or a Future.
    struct known {
        py::bound object;
        task_node node;
        std::optional<py::bound> waits_for{};
        bool is_own_future = false;  ///< stands for what C++ describes
    };

    [[nodiscard]] bool is_task(const py::bound& object) const {
        return PyObject_TypeCheck(object.ptr(), reinterpret_cast<PyTypeObject*>(asyncio_api::get(py_).task_type)) != 0;
    }

    /// In the order of their names, which asyncio numbers: the set that it gives has none.
    [[nodiscard]] std::vector<py::bound> tasks_of(const py::bound& loop) const {
        std::vector<std::pair<std::string, py::bound>> named;
        for (const py::bound& task : asyncio_.attr("all_tasks")(loop)) {
            const bool has_name = !eager_task::is_unknown(task.ptr());
            named.emplace_back(has_name ? printable(task.call_method("get_name")) : "", task);
        }
        std::ranges::stable_sort(named, [](const auto& a, const auto& b) {
            return std::pair(a.first.size(), a.first) < std::pair(b.first.size(), b.first);
        });
        std::vector<py::bound> tasks;
        tasks.reserve(named.size());
        for (auto& [name, task] : named) tasks.push_back(std::move(task));
        return tasks;
    }

    known& entry_of(const py::bound& object) {
        const auto [place, is_new] = numbers_.try_emplace(object.ptr(), all_.size());
        if (is_new) {
            task_node node;
            node.known_as.push_back(id_of(object));
            all_.push_back({object, std::move(node)});
        }
        return all_[place->second];
    }

    /// What C++ waits for here, and what waits for C++.
    void add_counterparts(asyncio_inbox& inbox, const std::string& home) {
        std::vector<std::pair<py::bound, report_id>> found;
        inbox.for_each_dependent([&](loop_dependent& each) {
            const loop_dependent::counterpart its = each.described();
            if (its.object != nullptr) found.emplace_back(py::bound::borrow(py_, its.object), its.known_as);
        });
        for (const auto& [object, id] : found | std::views::reverse) {  // the list has the latest first
            known& entry = entry_of(object);
            const bool stands_for_cpp = python_future_wait::is_one(object.ptr());
            if (id.address == nullptr) {
                entry.is_own_future = entry.node.known_as.size() == 1;
            } else {
                entry.is_own_future = false;
                entry.node.known_as.push_back(id);
            }
            entry.node.home = home;
            if (is_task(object)) {
                entry.node.name = "Python task";
                entry.node.state = "has ended";  // unless it is among the loop's tasks
                continue;
            }
            entry.node.name = "Python future " + name_of_type(object.ptr());
            entry.node.state = "is pending";
            if (!stands_for_cpp) entry.waits_for = object;
        }
    }

    void add_task(const py::bound& task, const std::string& home, const std::optional<py::bound>& running) {
        const std::optional<py::bound> coroutine = owned(py_, eager_task::coroutine_of(task.ptr()));
        known& entry = entry_of(task);
        task_node& node = entry.node;
        node.name = name_of_task(task, coroutine);
        node.home = home;
        entry.waits_for = owned(py_, eager_task::awaited_by(task.ptr()));
        if (running) {
            node.state = "runs";
            node.further_out = "called at";
            const std::optional<py::bound> outermost =
                coroutine ? attribute(*coroutine, "cr_frame") : std::optional<py::bound>();
            return add_places_of_thread(*running, outermost, node.places, node.places_left_out);
        }
        if (coroutine) add_places(*coroutine, node);
        node.state = "is about to continue";
        if (!entry.waits_for && coroutine && !has_begun(*coroutine)) node.state = "is about to begin";
        if (!eager_task::is_unknown(task.ptr())) {
            const std::optional<py::bound> cancelling = attribute(task, "cancelling");
            if (cancelling && (*cancelling)().to<long>() > 0) node.state = "is cancelled, and " + node.state;
        }
    }

    /// What it says that it waits for.
    void add_awaited(std::size_t number) {
        known& entry = all_[number];
        if (python_future_wait::is_one(entry.object.ptr())) {
            entry.node.state = "waits for " + add_operation(entry.object, entry.node);
            return;
        }
        if (!entry.waits_for) return;
        const py::bound& future = *entry.waits_for;
        waiters_.emplace(future.ptr(), number);
        if (future.is(entry.object) || is_done(future)) return;
        const bool is_cancelled = entry.node.state.starts_with("is cancelled");
        const std::string before = is_cancelled ? "is cancelled, and waits for " : "waits for ";
        if (python_future_wait::is_one(future.ptr())) {
            entry.node.state = before + add_operation(future, entry.node);
            return;
        }
        if (!is_task(future)) {
            entry.node.state = before + name_of_type(future.ptr());
            return;
        }
        entry.node.state = before + "a Python task";
        entry.node.awaits.push_back(
            {id_of(future), "a Python task that is not shown: of another event loop, or ended"});
    }

    /// What our Future stands for; says what that is.
    std::string add_operation(const py::bound& future, task_node& waiter) {
        const future_state_base* const operation = python_future_wait::operation(future.ptr());
        if (operation == nullptr) return "C++, which has ended";
        reported_operation its = reported(*operation);
        std::string line = its.what;
        if (its.started.line() != 0) {
            line += " started at " + std::string(its.started.file_name()) + ":" + std::to_string(its.started.line()) +
                    " in " + py::detail::function_name(its.started);
        }
        line += ", not shown: not begun, or ended, or its loop does not answer";
        waiter.awaits.push_back({its.id, std::move(line)});
        report_.kept.push_back(std::move(its.kept));
        return its.what;
    }

    /// A task may wait for it by way of a Future that one of its callbacks leads to.
    void add_to_waiters(std::size_t number) {
        std::vector<std::size_t> waiting;
        const auto add_waiter_for = [&](PyObject* candidate) {
            const auto found = candidate == nullptr ? waiters_.end() : waiters_.find(candidate);
            if (found == waiters_.end() || found->second == number) return;
            if (std::ranges::find(waiting, found->second) == waiting.end()) waiting.push_back(found->second);
        };
        const known& entry = all_[number];
        for (const py::bound& callback : callbacks_of(entry.object)) {
            PyObject* const target = callback.ptr();
            if (PyMethod_Check(target)) {
                const py::bound owner = py::bound::borrow(py_, PyMethod_GET_SELF(target));
                if (!owner.is_instance(task_group_)) continue;
                // The task whose group this is waits for that, where it has come to the end of its body.
                if (const auto future = attribute(owner, "_on_completed_fut")) add_waiter_for(future->ptr());
            } else if (PyFunction_Check(target)) {
                PyObject* const closure = PyFunction_GetClosure(target);
                for (Py_ssize_t i = 0; closure != nullptr && i < PyTuple_GET_SIZE(closure); ++i) {
                    const auto content = owned(py_, PyCell_Get(PyTuple_GET_ITEM(closure, i)));
                    if (content) add_waiter_for(content->ptr());
                }
            } else if (callback.type_name() == "functools.partial") {
                const py::bound given = callback.attr("args");
                for (const py::bound& each : given) add_waiter_for(each.ptr());
            }
        }
        for (const std::size_t each : waiting) {
            task_node& waiter = all_[each].node;
            if (entry.is_own_future) {
                add_operation(entry.object, waiter);
            } else {
                waiter.awaits.push_back({id_of(entry.object), ""});
            }
        }
    }

    [[nodiscard]] std::vector<py::bound> callbacks_of(const py::bound& future) const {
        if (python_future_wait::is_one(future.ptr())) return python_future_wait::callbacks(future);
        std::vector<py::bound> all;
        if (eager_task::is_unknown(future.ptr())) return all;
        const std::optional<py::bound> pairs = attribute(future, "_callbacks");
        if (!pairs || PyList_Check(pairs->ptr()) == 0) return all;
        for (const py::bound& pair : *pairs) all.push_back(pair[0]);
        return all;
    }

    py::python py_;
    py::bound asyncio_;
    py::bound task_group_;
    threads threads_;
    python_report report_;
    std::vector<known> all_;
    std::unordered_map<PyObject*, std::size_t> numbers_;
    std::unordered_map<PyObject*, std::size_t> waiters_;  ///< by the Future that each waits for
};

}  // namespace

python_report report_python(py::python py) {
    const std::vector<ref<asyncio_inbox>> open = asyncio_inbox::all_open(py);
    if (open.empty()) return {};
    reporter made(py);
    for (const ref<asyncio_inbox>& each : open) {
        if (each->serves()) made.add(*each);
    }
    return made.finish();
}

}  // namespace pyasync::detail
