// framework/src/bridge/own_selector.cpp: select(timeout), with an inbox.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/own_selector.hpp>

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <memory>

#include <pyasync/bridge/asyncio_api.hpp>
#include <pyasync/core/spin.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/interpreter.hpp>
#include <pyasync/py/into_python.hpp>

namespace pyasync::detail {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::duration;

/// While messages come one after another, the descriptors are looked at this often.
constexpr auto look_interval = std::chrono::microseconds(50);
/// So long may the GIL be kept without a return to Python's interpreter, which gives it to who asks for it: as long as
/// the interpreter's own switch interval.
constexpr auto longest_stay = std::chrono::milliseconds(5);
constexpr int most_events = 256;
constexpr const char* capsule_name = "pyasync.selector";
/// As selectors.EVENT_READ and EVENT_WRITE.
constexpr long readable = 1;
constexpr long writable = 2;

class waiting_room {
public:
    waiting_room(ref<asyncio_inbox> inbox, int descriptor, py::object keys) noexcept
        : inbox_(std::move(inbox)), descriptor_(descriptor), keys_(std::move(keys)) {}

    PyObject* select(py::python py, PyObject* timeout);

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

private:
    /// asyncio's own affairs: until when may we wait?
    void recheck_deadline(py::python py);
    void set_deadline(double seconds_from_now);

    /// The keys of the descriptors that are ready, waiting until the deadline at the most; our own is served, not
    /// shown.
    [[nodiscard]] py::bound poll(py::python py, bool may_wait);

    ref<asyncio_inbox> inbox_;
    int descriptor_;
    py::object keys_;
    spinner spin_;
    bool limited_ = false;
    clock::time_point deadline_;
    clock::time_point last_look_;
    clock::time_point woken_;
};

void waiting_room::set_deadline(double seconds_from_now) {
    constexpr double a_day = 24 * 3600;
    limited_ = true;
    deadline_ = clock::now() + std::chrono::duration_cast<clock::duration>(
                                   duration<double>(std::min(std::max(seconds_from_now, 0.0), a_day)));
}

void waiting_room::recheck_deadline(py::python py) {
    PyObject* const scheduled = inbox_->attribute(asyncio_api::get(py).scheduled_name);
    limited_ = scheduled != nullptr && PyList_Check(scheduled) && PyList_GET_SIZE(scheduled) > 0;
    if (!limited_) return;
    // The loop's clock is time.monotonic(), which is this one.
    const py::bound when =
        py::bound::steal(py, PyObject_GetAttr(PyList_GET_ITEM(scheduled, 0), asyncio_api::get(py).when_name));
    set_deadline(when.to<double>() - duration<double>(clock::now().time_since_epoch()).count());
}

py::bound waiting_room::poll(py::python py, bool may_wait) {
    std::array<epoll_event, most_events> events;
    int timeout = 0;
    if (may_wait) {
        timeout = -1;
        // Rounded up, as asyncio has it: a timer does not fire early.
        if (limited_)
            timeout = static_cast<int>(std::ceil(duration<double, std::milli>(deadline_ - clock::now()).count()));
        if (limited_ && timeout < 0) timeout = 0;
    }
    int count = 0;
    int reason = 0;
    if (timeout == 0) {
        count = ::epoll_wait(descriptor_, events.data(), most_events, 0);
        reason = errno;
    } else {
        py::detail::into_python([&] {
            Py_BEGIN_ALLOW_THREADS count = ::epoll_wait(descriptor_, events.data(), most_events, timeout);
            reason = errno;
            woken_ = clock::now();
            Py_END_ALLOW_THREADS
        });
    }
    last_look_ = clock::now();
    py::bound found = py::bound::steal(py, PyList_New(0));
    if (count < 0) {
        if (reason == EINTR) return found;
        errno = reason;
        PyErr_SetFromErrno(PyExc_OSError);
        py::detail::throw_python_error(py);
    }
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == inbox_->descriptor()) {
            inbox_->clear_wake_up();
            continue;
        }
        // As selectors.EpollSelector has it.
        long ready = 0;
        if ((event.events & ~static_cast<std::uint32_t>(EPOLLIN)) != 0) ready |= writable;
        if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) ready |= readable;
        const py::bound number = py.value(event.data.fd);
        PyObject* const key = PyDict_GetItemWithError(keys_.ptr(), number.ptr());
        if (key == nullptr) {
            if (PyErr_Occurred() != nullptr) py::detail::throw_python_error(py);
            continue;
        }
        constexpr Py_ssize_t events_of_key = 2;
        ready &= PyLong_AsLong(PyTuple_GET_ITEM(key, events_of_key));
        const py::bound pair = py::bound::steal(py, Py_BuildValue("(Ol)", key, ready));
        py::detail::raise_if_negative(py, PyList_Append(found.ptr(), pair.ptr()));
    }
    return found;
}

PyObject* waiting_room::select(py::python py, PyObject* timeout) {
    limited_ = timeout != Py_None;
    if (limited_) set_deadline(PyFloat_AsDouble(timeout));
    if (PyErr_Occurred() != nullptr) return nullptr;
    auto kept_since = clock::now();
    bool busy = limited_ && deadline_ <= kept_since;
    inbox_->begin_turn();
    for (;;) {
        if (!inbox_->serves())
            return poll(py, /*may_wait=*/!busy).release();  // nothing comes any more: as asyncio does it
        // asyncio's own timer is due at the deadline; where it is busy anyway, both sides have their slices.
        if (inbox_->serve(py, limited_ && !busy ? deadline_ : clock::time_point::max())) {
            if (inbox_->raise_pending()) return nullptr;
            if (!inbox_->serves()) return PyList_New(0);
            busy = busy || inbox_->asyncio_has_ready(py);
            if (!busy) recheck_deadline(py);
        }
        if (PyErr_CheckSignals() < 0) return nullptr;
        if (busy) return poll(py, /*may_wait=*/false).release();
        const auto before = clock::now();
        if ((limited_ && before >= deadline_) || before - kept_since >= longest_stay) return poll(py, false).release();
        // asyncio has nothing to do, so its turn is over.
        const bool has_more = inbox_->begin_turn() || inbox_->pending();
        if (before - last_look_ >= look_interval && (has_more || spin_.pays())) {
            // Before the next message comes: it would wait for this system call.
            py::bound found = poll(py, false);
            if (PyList_GET_SIZE(found.ptr()) > 0) return found.release();
        }
        const bool arrived = has_more || spin_.wait_for([this] { return inbox_->pending(); });
        if (!arrived && inbox_->asyncio_stops(py)) {
            busy = true;
            continue;
        }
        if (arrived || !inbox_->sleep()) continue;
        py::bound found = poll(py, /*may_wait=*/true);
        kept_since = last_look_;
        // Not until the GIL came back: a thread that computes keeps it for milliseconds, and the partner was fast.
        inbox_->pending() ? spin_.slept(woken_ - before) : spin_.slept_in_vain();
        if (PyList_GET_SIZE(found.ptr()) > 0) return found.release();
        // A signal's handler may have given asyncio something to do.
        if (PyErr_CheckSignals() < 0) return nullptr;
        busy = inbox_->asyncio_has_ready(py) || inbox_->asyncio_stops(py);
    }
}

PyObject* select_method(PyObject* capsule, PyObject* const* arguments, Py_ssize_t count) noexcept {
    const py::python py = py::detail::token_maker::make();
    try {
        auto* const room = static_cast<waiting_room*>(PyCapsule_GetPointer(capsule, capsule_name));
        return room->select(py, count > 0 ? arguments[0] : Py_None);
    } catch (...) {
        py::detail::set_raised_from(py, std::current_exception());
        return nullptr;
    }
}

/// The selector of a loop of asyncio's own, where it is one over epoll; else None.
py::bound epoll_selector_of(const py::bound& loop) {
    const py::python py = loop.py();
    if (!loop.is_instance(py.import("asyncio").attr("SelectorEventLoop")) || !loop.has_attr("_selector")) {
        return py.none();
    }
    const py::bound selector = loop.attr("_selector");
    const bool known = py::bound::borrow(py, reinterpret_cast<PyObject*>(Py_TYPE(selector.ptr())))
                           .is(py.import("selectors").attr("EpollSelector"));
    return known && selector.has_attr("_fd_to_key") ? selector : py.none();
}

}  // namespace

void own_selector::separate(const py::bound& loop) {
    const py::bound selector = epoll_selector_of(loop);
    if (selector.is_none()) return;
    const int own = ::epoll_create1(EPOLL_CLOEXEC);
    if (own < 0) return;
    for (const py::bound& key : selector.attr("_fd_to_key").call_method("values")) {
        const long wanted = key.attr("events").to<long>();
        epoll_event event{};
        if ((wanted & readable) != 0) event.events |= EPOLLIN;
        if ((wanted & writable) != 0) event.events |= EPOLLOUT;
        event.data.fd = key.attr("fd").to<int>();
        ::epoll_ctl(own, EPOLL_CTL_ADD, event.data.fd, &event);
    }
    ::dup3(own, selector.call_method("fileno").to<int>(), O_CLOEXEC);
    ::close(own);
}

void own_selector::install(asyncio_inbox& inbox, const py::bound& loop) {
    static PyMethodDef method{"select", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&select_method)),
                              METH_FASTCALL, "Wait for descriptors, and serve what C++ has sent to this loop."};
    if (!py::interpreter::exists()) return;  // the loops are somebody else's, and so are their selectors
    const py::python py = loop.py();
    const py::bound selector = epoll_selector_of(loop);
    if (selector.is_none()) return;
    auto room =
        std::make_unique<waiting_room>(ref<asyncio_inbox>::share(&inbox), selector.call_method("fileno").to<int>(),
                                       selector.attr("_fd_to_key").unbind());
    const py::bound owner =
        py::bound::steal(py, PyCapsule_New(room.get(), capsule_name, [](PyObject* dying) {
                             delete static_cast<waiting_room*>(PyCapsule_GetPointer(dying, capsule_name));
                         }));
    // Its number is the selector's own, and nobody else watches the descriptor.
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLET;
    wanted.data.fd = inbox.descriptor();
    if (::epoll_ctl(room->descriptor(), EPOLL_CTL_MOD, inbox.descriptor(), &wanted) == 0)
        inbox.wakes_without_clearing();
    static_cast<void>(room.release());
    selector.set_attr("select", py::bound::steal(py, PyCFunction_New(&method, owner.ptr())));
}

}  // namespace pyasync::detail
