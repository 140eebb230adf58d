// framework/src/bridge/asyncio_inbox.cpp: waking an event loop, and draining its inbox in slices.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/asyncio_inbox.hpp>

#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>
#include <unordered_map>
#include <vector>

#include <pyasync/bridge/asyncio_api.hpp>
#include <pyasync/bridge/asyncio_request.hpp>
#include <pyasync/bridge/loop_reader.hpp>
#include <pyasync/bridge/own_selector.hpp>
#include <pyasync/core/cancellation.hpp>
#include <pyasync/core/fork.hpp>
#include <pyasync/core/inbox.hpp>
#include <pyasync/core/outbox.hpp>
#include <pyasync/core/root.hpp>
#include <pyasync/core/time_slice.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/let_go.hpp>
#include <pyasync/py/reclaim.hpp>

#include "dropped_exits.hpp"
#include "fork_hook.hpp"

namespace pyasync::detail {
namespace {

using clock = asyncio_inbox::clock;

/// asyncio's wish to stop is looked at this often.
constexpr auto look_interval = std::chrono::microseconds(20);

/// The inboxes of all open loops; under the GIL.
std::unordered_map<PyObject*, asyncio_inbox*>& open_inboxes() {
    static auto* const only = new std::unordered_map<PyObject*, asyncio_inbox*>;
    return *only;
}

std::atomic<std::size_t> open_count{0};
/// The program ends: no loop gets an inbox any more.
std::atomic<bool> refusing{false};

/// The entry of a loop that gets its inbox, taken back where that fails.
class new_entry {
public:
    new_entry(PyObject* loop, asyncio_inbox& inbox) : loop_(loop) {
        open_inboxes().emplace(loop, &inbox);
        open_count = open_inboxes().size();
    }
    new_entry(const new_entry&) = delete;
    new_entry& operator=(const new_entry&) = delete;
    ~new_entry() {
        if (stays_) return;
        open_inboxes().erase(loop_);
        open_count = open_inboxes().size();
    }
    void stays() noexcept { stays_ = true; }

private:
    PyObject* loop_;
    bool stays_ = false;
};

/// To drain ends with reclaiming what has been given up on other threads. It keeps the inbox that it is on its way to.
struct reason_to_drain final : work {
    explicit reason_to_drain(asyncio_inbox& inbox) noexcept
        : work(&arrive), destination(ref<asyncio_inbox>::share(&inbox)) {}
    static void arrive(work& self, delivery) noexcept { delete static_cast<reason_to_drain*>(&self); }
    const ref<asyncio_inbox> destination;
};

/// PyThread_get_thread_ident(), without the call.
unsigned long this_thread() noexcept { return static_cast<unsigned long>(::pthread_self()); }

/// Does another thread run this loop right now?
bool runs_elsewhere(const py::bound& loop) {
    if (!loop.call_method("is_running")) return false;
    return !loop.py().import("asyncio").attr("_get_running_loop")().is(loop);
}

}  // namespace

class asyncio_inbox::queues {
public:
    queues() : descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
        if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    queues(const queues&) = delete;
    queues& operator=(const queues&) = delete;
    ~queues() { ::close(descriptor); }

    const int descriptor;
    bool wakes_without_clearing = false;
    inbox incoming;
    work_queue ready;
    work_queue next_turn;
    time_slice slice;
    std::atomic<unsigned long> thread{0};
    clock::time_point looked_at{};
    bool stops = false;
    enum class stepping { unknown, direct, by_handle } steps = stepping::unknown;
};

ref<asyncio_inbox> asyncio_inbox::of(const py::bound& loop) {
    const auto known = open_inboxes().find(loop.ptr());
    if (known != open_inboxes().end()) return ref<asyncio_inbox>::share(known->second);
    if (!loop.has_attr("is_closed") || !loop.has_attr("add_reader")) py::detail::expected("an event loop", loop);
    if (loop.call_method("is_closed")) {
        py::detail::raise(loop.py(), PyExc_RuntimeError, "Event loop is closed");
    }
    auto made = ref<asyncio_inbox>::adopt(new asyncio_inbox(loop));
    new_entry entry(loop.ptr(), *made);
    if (refusing) std::rethrow_exception(stopped_error());
    watch_forks(loop.py());
    watch_dropped_exits();
    if (runs_elsewhere(loop)) {
        loop_reader::install_from_elsewhere(made, loop);
    } else {
        loop_reader::install(made, loop);
        own_selector::install(*made, loop);
    }
    entry.stays();
    return made;
}

ref<asyncio_inbox> asyncio_inbox::of_running_loop(py::python py) {
    if (serving_ != nullptr && !serving_->closed()) return ref<asyncio_inbox>::share(serving_);
    // To ask asyncio costs a system call (getpid, in CPython 3.11). But it marks the thread in the thread's dict, anew
    // each time that a loop begins to run: where this is still the mark that the last answer came with, and that loop
    // still says that it runs on this thread, the answer is still right.
    struct answer {
        PyObject* mark = nullptr;
        ref<asyncio_inbox> inbox;
    };
    static thread_local answer last;
    PyObject* const of_thread = PyThreadState_GetDict();
    PyObject* const mark =
        of_thread == nullptr ? nullptr : PyDict_GetItemWithError(of_thread, asyncio_api::get(py).mark_name);
    if (mark != nullptr && mark == last.mark && last.inbox->runs_here(py)) return last.inbox;
    last = {mark, of(asyncio_api::get(py).get_running_loop(py))};
    return last.inbox;
}

bool asyncio_inbox::runs_here(py::python py) const noexcept {
    if (closed()) return false;
    PyObject* const thread = attribute(asyncio_api::get(py).thread_name);
    return thread != nullptr && PyLong_Check(thread) != 0 &&
           PyLong_AsUnsignedLong(thread) == PyThread_get_thread_ident();
}

PyObject* asyncio_inbox::attribute(PyObject* name) const noexcept {
    if (ready_ == nullptr) return nullptr;
    // Not by the loop's dict: to ask for that makes all of Python's own looks at the loop slower.
    PyObject* const found = PyObject_GetAttr(loop_, name);
    if (found == nullptr) PyErr_Clear();
    py::detail::let_go(found);  // the loop has it
    return found;
}

bool asyncio_inbox::asyncio_has_ready(py::python py) {
    if (ready_ != nullptr && PyObject_Size(ready_) > 0) return true;
    queues& all = *queues_;
    const auto now = clock::now();
    if (now - all.looked_at >= look_interval) {
        all.looked_at = now;
        all.stops = asyncio_stops(py);
    }
    return all.stops;
}

bool asyncio_inbox::asyncio_stops(py::python py) const {
    return attribute(asyncio_api::get(py).stopping_name) == Py_True;
}

asyncio_inbox::asyncio_inbox(const py::bound& loop) : queues_(std::make_unique<queues>()), loop_(loop.ptr()) {
    const asyncio_api& asyncio = asyncio_api::get(loop.py());
    if (!loop.is_instance(py::bound::borrow(loop.py(), asyncio.base_event_loop))) return;
    ready_ = py::bound::steal(loop.py(), PyObject_GetAttr(loop_, asyncio.ready_name)).ptr();
}
asyncio_inbox::~asyncio_inbox() = default;

void asyncio_inbox::loop_gone(py::python py) noexcept {
    if (closed()) return;
    const py::detail::set_aside under_way;
    open_inboxes().erase(loop_);
    open_count = open_inboxes().size();
    loop_ = nullptr;
    ready_ = nullptr;
    work_queue refused = std::move(queues_->ready);
    refused.append(std::move(queues_->next_turn));
    refused.append(queues_->incoming.close());
    if (work* const message = when_idle_.exchange(nullptr)) refused.push(*message);
    refuse(std::move(refused));
    while (dependents_ != nullptr) {
        loop_dependent& orphan = *dependents_;
        dismiss(orphan);
        orphan.loop_closed(py);
    }
}

std::vector<ref<asyncio_inbox>> asyncio_inbox::all_open(py::python) {
    std::vector<ref<asyncio_inbox>> all;
    for (const auto& [loop, inbox] : open_inboxes()) all.push_back(ref<asyncio_inbox>::share(inbox));
    return all;
}

bool asyncio_inbox::open_no_more() noexcept {
    refusing = true;
    return open_count == 0;
}

void asyncio_inbox::close_all(py::python py) noexcept {
    refusing = true;
    while (!open_inboxes().empty()) {
        const auto closing = ref<asyncio_inbox>::share(open_inboxes().begin()->second);
        closing->loop_gone(py);
    }
}

void asyncio_inbox::post(work& item) noexcept {
    if (serving_ == this) {
        queues_->ready.push(item);
    } else if (outbox* const gathering = outbox::current()) {
        gathering->post(*this, item);
    } else {
        post_all(work_chain(item));
    }
}

void asyncio_inbox::post_all(work_chain&& items) noexcept {
    // Once they are pushed, the items may be served, and with them the last reason for this inbox to live may go.
    const auto alive = ref<asyncio_inbox>::share(this);
    switch (queues_->incoming.push(items)) {
        case inbox::pushed::queued:
            break;
        case inbox::pushed::wake:
            wake();
            break;
        case inbox::pushed::closed:
            refuse(items.take());
            break;
    }
}

bool asyncio_inbox::is_current() const noexcept { return thread() == this_thread(); }

unsigned long asyncio_inbox::thread() const noexcept { return queues_->thread.load(std::memory_order_relaxed); }

void asyncio_inbox::wake() const noexcept {
    const std::uint64_t one = 1;
    while (::write(queues_->descriptor, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

bool asyncio_inbox::raise_pending() noexcept {
    PyObject* const error = std::exchange(to_raise_, nullptr);
    if (error == nullptr) return false;
    py::detail::raise_object(error);
    py::detail::let_go(error);
    return true;
}

bool asyncio_inbox::serve(py::python py, clock::time_point until) noexcept {
    if (of_parent_process_) return false;
    queues& all = *queues_;
    all.steps = queues::stepping::unknown;
    all.ready.append(all.incoming.take());
    if (all.ready.empty()) return false;
    all.thread.store(this_thread(), std::memory_order_relaxed);
    // What a C++ coroutine has had goes before its end is told: a buffer is free again when its `await` returns.
    py::detail::reclaim(py);
    asyncio_inbox* const outer = std::exchange(serving_, this);
    const outbox gathering;
    all.slice.begin(until);
    while (!all.ready.empty() && !closed() && to_raise_ == nullptr && !of_parent_process_) {
        work& item = all.ready.pop();
        item.handle(item, delivery::served);
        if (all.ready.empty() || all.slice.is_over()) break;
    }
    serving_ = outer;
    if (closed()) refuse(std::move(all.ready));  // by another thread, while Python had given up the GIL
    py::detail::reclaim(py);
    return true;
}

void asyncio_inbox::post_next_turn(work& item) noexcept {
    if (closed()) return item.handle(item, delivery::refused);
    queues_->next_turn.push(item);
    // Where it is a callback of asyncio's that posts it, the loop is not asleep, but its reader may be.
    if (queues_->incoming.awake()) wake();
}

bool asyncio_inbox::begin_turn() noexcept {
    if (queues_->next_turn.empty()) return false;
    queues_->ready.append(std::move(queues_->next_turn));
    return true;
}

bool asyncio_inbox::pending() const noexcept { return !queues_->incoming.empty() || !queues_->ready.empty(); }

bool asyncio_inbox::has_more() const noexcept { return pending() || !queues_->next_turn.empty(); }

bool asyncio_inbox::refuses() const noexcept { return queues_->incoming.refuses(); }

bool asyncio_inbox::sleeps() const noexcept { return queues_->incoming.sleeps(); }

bool asyncio_inbox::sleep() noexcept { return queues_->incoming.sleep(); }

int asyncio_inbox::descriptor() const noexcept { return queues_->descriptor; }

void asyncio_inbox::wakes_without_clearing() noexcept { queues_->wakes_without_clearing = true; }

void asyncio_inbox::clear_wake_up() const noexcept {
    if (queues_->wakes_without_clearing) return;
    std::uint64_t count = 0;
    while (::read(queues_->descriptor, &count, sizeof count) < 0 && errno == EINTR) {
    }
}

bool asyncio_inbox::direct(py::python py) {
    using stepping = queues::stepping;
    stepping& steps = queues_->steps;
    if (steps == stepping::unknown) {
        const asyncio_api& asyncio = asyncio_api::get(py);
        const bool direct = asyncio.native_task && asyncio.current_tasks != nullptr && plain_loop(py, asyncio);
        steps = direct ? stepping::direct : stepping::by_handle;
    }
    return steps == stepping::direct;
}

/// Neither in debug mode nor with a task factory?
bool asyncio_inbox::plain_loop(py::python py, const asyncio_api& asyncio) const {
    // What its methods return, without the calls.
    PyObject* const debug = attribute(asyncio.debug_name);
    PyObject* const factory = attribute(asyncio.task_factory_name);
    if (debug != nullptr && factory != nullptr) return debug == Py_False && factory == Py_None;
    const py::bound loop = py::bound::borrow(py, loop_);
    return !loop.call_method("get_debug") && loop.call_method("get_task_factory").is_none();
}

std::shared_ptr<const py::object> asyncio_inbox::shared_event_loop(py::python py) {
    auto shared = shared_loop_.lock();
    if (shared == nullptr) {
        if (closed()) std::rethrow_exception(loop_closed_error());  // meanwhile, by another thread
        shared = std::make_shared<const py::object>(py::bound::borrow(py, loop_).unbind());
        shared_loop_ = shared;
    }
    return shared;
}

void asyncio_inbox::enlist(loop_dependent& entry) noexcept {
    entry.next_ = dependents_;
    entry.slot_ = &dependents_;
    if (dependents_ != nullptr) dependents_->slot_ = &entry.next_;
    dependents_ = &entry;
}

void asyncio_inbox::dismiss(loop_dependent& entry) noexcept {
    loop_dependent** const slot = std::exchange(entry.slot_, nullptr);
    if (slot == nullptr) return;
    *slot = entry.next_;
    if (entry.next_ != nullptr) entry.next_->slot_ = slot;
}

void asyncio_inbox::raise_through(py::python py) noexcept {
    const py::python_error error = py::python_error::fetch(py);
    py::detail::replace(to_raise_, Py_NewRef(error.value().ptr()));
}

void asyncio_inbox::watch_forks(py::python py) {
    static PyMethodDef method{"process_forked", &process_forked, METH_NOARGS, nullptr};
    static bool watched = false;
    if (!std::exchange(watched, true)) call_in_forked_children(py, method);
}

PyObject* asyncio_inbox::process_forked(PyObject*, PyObject*) noexcept {
    if (!in_forked_child()) Py_RETURN_NONE;  // there were no threads yet
    const py::python py = py::detail::token_maker::make();
    std::vector<asyncio_inbox*> all;
    for (const auto& [loop, inbox] : open_inboxes()) all.push_back(inbox);
    for (asyncio_inbox* const each : all) {
        each->of_parent_process_ = true;
        try {
            each->become_the_childs(py);
            each->call_when_back(py);
        } catch (const py::python_error&) {
            // One of another thread, in debug mode: here that one does not run it.
        }
    }
    Py_RETURN_NONE;
}

/// Takes a descriptor of its own under the number of the one that it shares with the parent, so that neither disturbs
/// the other: what the child read from it, or unregistered, the parent would miss.
void asyncio_inbox::become_the_childs(py::python py) {
    const int own = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (own >= 0) {
        ::dup3(own, queues_->descriptor, O_CLOEXEC);
        ::close(own);
    }
    own_selector::separate(py::bound::borrow(py, loop_));
}

void asyncio_inbox::call_when_back(py::python py) {
    static PyMethodDef method{"came_back", &came_back, METH_NOARGS, "Tell who waits for C++ that it is not here."};
    py::bound::borrow(py, loop_).call_method("call_soon", py::bound::steal(py, PyCFunction_New(&method, loop_)));
}

PyObject* asyncio_inbox::came_back(PyObject* loop, PyObject*) noexcept {
    const auto known = open_inboxes().find(loop);
    if (known == open_inboxes().end()) Py_RETURN_NONE;
    const auto inbox = ref<asyncio_inbox>::share(known->second);
    while (inbox->dependents_ != nullptr) {
        loop_dependent& left = *inbox->dependents_;
        dismiss(left);
        left.left_by_fork(py::detail::token_maker::make());
    }
    Py_RETURN_NONE;
}

void asyncio_inbox::ends_in_child(py::python py, const std::exception_ptr& error) noexcept {
    if (error == nullptr || is_cancellation(error) || closed()) return;
    const py::detail::set_aside under_way;
    py::detail::set_raised_from(py, error);
    if (PyErr_ExceptionMatches(PyExc_SystemExit) == 0) {
        return report_unhandled(py, loop_, "an exception in a forked child, where C++ cannot hear of it");
    }
    keep_loop();
    PyErr_PrintEx(/*set_sys_last_vars=*/0);  // ends the process, with its code
}

void asyncio_inbox::keep_loop() noexcept {
    const py::detail::set_aside under_way;
    Py_INCREF(loop_);
    PyObject* const tasks = py::detail::into_python([this] {
        PyObject* const asyncio = PyImport_ImportModule("asyncio");
        return asyncio == nullptr ? nullptr : PyObject_CallMethod(asyncio, "all_tasks", "O", loop_);
    });
    if (tasks == nullptr) PyErr_Clear();
}

void asyncio_inbox::root_finished() noexcept {
    if (py::detail::nobody_reclaims()) {
        if (auto* const message = new (std::nothrow) reason_to_drain(*this)) post(*message);
    }
    if (roots_.fetch_sub(1) != 1) return;
    if (work* const message = when_idle_.exchange(nullptr)) post(*message);
}

void asyncio_inbox::notify_when_idle(work& message) noexcept {
    when_idle_.store(&message);
    if (roots_.load() != 0) return;
    if (work* const mine = when_idle_.exchange(nullptr)) post(*mine);
}

}  // namespace pyasync::detail
