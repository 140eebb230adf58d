// framework/src/py/gil.cpp: who holds or waits for the GIL, counted, so that finalisation can wait for them.
// SPDX-License-Identifier: MIT
#include <pyasync/py/gil.hpp>

#include <pthread.h>

#include <condition_variable>
#include <mutex>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/outbox.hpp>
#include <pyasync/py/into_python.hpp>
#include <pyasync/py/reclaim.hpp>

namespace pyasync::py {
namespace {

struct visitors {
    std::mutex mutex;
    std::condition_variable left;
    long count = 0;
    bool closed = false;
};

visitors& all_visitors();

/// Locked while the process forks: else a forked child might find it locked by a thread that it does not have.
visitors* visitors_that_survive_a_fork() {
    ::pthread_atfork([] { all_visitors().mutex.lock(); }, [] { all_visitors().mutex.unlock(); },
                     [] { all_visitors().mutex.unlock(); });
    return new visitors;
}

// Never destroyed: threads that outlive main still ask.
visitors& all_visitors() {
    static auto* const only = visitors_that_survive_a_fork();
    return *only;
}

void enter() {
    visitors& all = all_visitors();
    const std::lock_guard lock(all.mutex);
    if (all.closed || Py_IsInitialized() == 0) {
        throw pyasync::misuse(
            "pyasync: no Python interpreter runs; make a pyasync::interpreter first, and use Python only while it "
            "lives");
    }
    ++all.count;
}

void leave() noexcept {
    visitors& all = all_visitors();
    const std::lock_guard lock(all.mutex);
    --all.count;
    if (all.closed) all.left.notify_all();
}

}  // namespace

gil::gil() {
    pyasync::detail::outbox::flush_current();  // who holds the GIL may wait for what this thread has to say
    enter();
    before_ = detail::into_python([] { return PyGILState_Ensure(); });
    detail::reclaim(token());
}

gil::~gil() {
    PyGILState_Release(before_);
    leave();
}

bool detail::holds_gil() noexcept {
    if (Py_IsInitialized() == 0) return false;
    const PyThreadState* const own = PyGILState_GetThisThreadState();
#if PY_VERSION_HEX >= 0x030D0000
    return own != nullptr && own == PyThreadState_GetUnchecked();
#else
    return own != nullptr && own == _PyThreadState_UncheckedGet();
#endif
}

bool detail::close_gil(std::chrono::milliseconds limit) {
    visitors& all = all_visitors();
    std::unique_lock lock(all.mutex);
    all.closed = true;
    return all.left.wait_for(lock, limit, [&all] { return all.count == 0; });
}

void detail::open_gil() noexcept {
    visitors& all = all_visitors();
    const std::lock_guard lock(all.mutex);
    all.closed = false;
}

}  // namespace pyasync::py
