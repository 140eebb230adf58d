// framework/include/pyasync/bridge/asyncio_inbox.hpp: the way to the thread that runs an asyncio event loop.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <vector>

#include <pyasync/core/executor.hpp>
#include <pyasync/core/ref.hpp>
#include <pyasync/core/task_report.hpp>
#include <pyasync/py/object.hpp>

namespace pyasync::detail {

struct asyncio_api;

/// Something that is under way on an event loop, and has to hear when the loop is closed. Under the GIL.
class loop_dependent {
public:
    loop_dependent(const loop_dependent&) = delete;
    loop_dependent& operator=(const loop_dependent&) = delete;

    /// The loop is gone: nothing that waits on it will ever happen. The entry has left the list already.
    virtual void loop_closed(py::python py) noexcept = 0;

    /// This is a forked child, which has come back to the loop: C++ is not there to end it. The entry has left the
    /// list.
    virtual void left_by_fork(py::python py) noexcept = 0;

    /// All tasks of the loop are about to be cancelled: what nobody waits for, and is none, cancels itself.
    virtual void loop_stopping(py::python py) noexcept = 0;
    /// That was a while ago: what has begun since, and nobody waits for, cancels itself.
    virtual void loop_still_stopping(py::python py) noexcept = 0;

    /// The Task or Future that a C++ task waits for by this, borrowed, or null: it is cancelled with that one.
    [[nodiscard]] virtual PyObject* awaited_task() const noexcept = 0;

    /// For a report: the Task or Future, borrowed, or null; and what C++ knows it by where that waits for it.
    struct counterpart {
        PyObject* object;
        report_id known_as;
    };
    [[nodiscard]] virtual counterpart described() const noexcept = 0;

protected:
    loop_dependent() = default;
    ~loop_dependent() = default;

private:
    friend class asyncio_inbox;
    loop_dependent* next_ = nullptr;
    loop_dependent** slot_ = nullptr;  ///< the pointer that leads here; null where it is in no list
};

/// What every asyncio loop that meets the framework gets: one inbox, made at first use and gone with the loop.
///
/// Items are delivered on the loop's thread with the GIL held, in one asyncio callback a batch, for a few milliseconds
/// at a time; then asyncio has its turn. One wake-up a batch: a producer writes to the eventfd only where the loop may
/// sleep. When the loop closes, what has not been delivered is refused, and so is all that comes after.
class asyncio_inbox final : public ref_counted, public executor {
public:
    using clock = std::chrono::steady_clock;

    /// The inbox of `loop`. Any thread that holds the GIL; throws `python_error` for an object that is no event loop, a
    /// closed one, or one that cannot watch a descriptor.
    [[nodiscard]] static ref<asyncio_inbox> of(const py::bound& loop);

    /// The inbox of the loop that runs on this thread; throws Python's `RuntimeError: no running event loop`.
    [[nodiscard]] static ref<asyncio_inbox> of_running_loop(py::python py);

    /// Those of all open loops. Under the GIL.
    [[nodiscard]] static std::vector<ref<asyncio_inbox>> all_open(py::python py);

    /// The program ends: no loop gets an inbox any more, but a `misuse`. Any thread; false where one is open still.
    [[nodiscard]] static bool open_no_more() noexcept;
    /// Python exits: that, and nothing that waits on any loop will happen any more.
    static void close_all(py::python py) noexcept;

    /// Any thread, with the GIL or without.
    void post(work& item) noexcept override;
    void post_all(work_chain&& items) noexcept override;
    [[nodiscard]] bool is_current() const noexcept override;
    /// Any thread: the one that it was last served on, as Python's `threading.get_ident()` has it; 0 for none.
    [[nodiscard]] unsigned long thread() const noexcept;

    /// Any thread: does its loop wait for something to do?
    [[nodiscard]] bool sleeps() const noexcept;
    /// Any thread: will nothing be delivered here any more?
    [[nodiscard]] bool refuses() const noexcept;

    /// Under the GIL: is the loop closed, or gone?
    [[nodiscard]] bool closed() const noexcept { return loop_ == nullptr; }

    /// Under the GIL: has a forked child found it in its memory? Then nothing of it is served: what is in it belongs to
    /// the parent. What waits for C++ there hears of that when the child comes back to the loop.
    [[nodiscard]] bool of_parent_process() const noexcept { return of_parent_process_; }

    /// Under the GIL: is it to be served?
    [[nodiscard]] bool serves() const noexcept { return !closed() && !of_parent_process_; }

    /// In a forked child, under the GIL: something ends with this error, of which C++ cannot hear. A SystemExit ends
    /// the process; others are reported.
    void ends_in_child(py::python py, const std::exception_ptr& error) noexcept;

    /// In a forked child that ends, under the GIL: keeps the loop and its tasks for ever. To collect the loop would
    /// close it, and thereby take descriptors from the parent; to collect the tasks would report that they were
    /// pending.
    void keep_loop() noexcept;

    /// Under the GIL: the loop; borrowed, null once it is closed.
    [[nodiscard]] PyObject* event_loop() const noexcept { return loop_; }

    /// Under the GIL: the loop, as all task locals share it; `std::runtime_error` where it has been closed.
    [[nodiscard]] std::shared_ptr<const py::object> shared_event_loop(py::python py);

    /// Under the GIL: may Python code be stepped directly, without a Handle for each step? Not where the loop is in
    /// debug mode or has a task factory: they want to see every step and every task.
    [[nodiscard]] bool direct(py::python py);

    /// Under the GIL.
    void enlist(loop_dependent& entry) noexcept;
    static void dismiss(loop_dependent& entry) noexcept;

    template <typename Visitor>
    void for_each_dependent(Visitor&& visit) {
        for (loop_dependent *entry = dependents_, *next = nullptr; entry != nullptr; entry = next) {
            next = entry->next_;
            visit(*entry);
        }
    }

    /// A handler has left a SystemExit or KeyboardInterrupt set: takes it, to raise it out of the loop as asyncio does
    /// with its own callbacks.
    void raise_through(py::python py) noexcept;

    /// The root tasks that carry this loop in their locals, and what counts like them, counted; any thread.
    void root_started() noexcept { roots_.fetch_add(1, std::memory_order_relaxed); }
    void root_finished() noexcept;
    [[nodiscard]] long roots() const noexcept { return roots_.load(std::memory_order_acquire); }

    /// Delivers `message` here as soon as no root is left; asked for by one at a time.
    void notify_when_idle(work& message) noexcept;

    /// Under the GIL: what asyncio's own kind of loop has under that name, borrowed; null for another kind.
    [[nodiscard]] PyObject* attribute(PyObject* name) const noexcept;
    /// Has asyncio callbacks to run at once, or been told to stop? False for a loop that does not show it. That it was
    /// told to stop is seen some microseconds late.
    [[nodiscard]] bool asyncio_has_ready(py::python py);
    /// Has it been told to stop, at this very moment?
    [[nodiscard]] bool asyncio_stops(py::python py) const;

    /// Loop's thread, under the GIL: `item` is served when asyncio has run everything that is ready now.
    void post_next_turn(work& item) noexcept;

    // ---- For who drains it: the loop's reader, or its selector. The loop's thread, under the GIL. ----

    /// Delivers what has come, for the length of a slice, but not beyond `until`; true where there was anything.
    bool serve(py::python py, clock::time_point until = clock::time_point::max()) noexcept;
    /// asyncio has had its turn: what waits for that comes up for serving. True where there is any.
    bool begin_turn() noexcept;
    /// Has something come, or been left over, that waits to be served? Does not need the GIL.
    [[nodiscard]] bool pending() const noexcept;
    /// Marks the loop asleep, so that the next message wakes it; false where something has come.
    [[nodiscard]] bool sleep() noexcept;
    /// The eventfd that a message makes readable while the loop sleeps.
    [[nodiscard]] int descriptor() const noexcept;
    void clear_wake_up() const noexcept;
    /// The descriptor is reported once for each wake-up, so that nobody needs to clear it.
    void wakes_without_clearing() noexcept;
    /// Is there anything to serve, now or in the next turn?
    [[nodiscard]] bool has_more() const noexcept;
    /// The loop is closed or collected: what is in the inbox is refused, and what comes later.
    void loop_gone(py::python py) noexcept;
    /// Has `raise_through` taken something?
    [[nodiscard]] bool will_raise() const noexcept { return to_raise_ != nullptr; }
    /// Raises it; false where there is nothing.
    [[nodiscard]] bool raise_pending() noexcept;

private:
    explicit asyncio_inbox(const py::bound& loop);
    ~asyncio_inbox() override;

    [[nodiscard]] bool plain_loop(py::python py, const asyncio_api& asyncio) const;
    /// Does a loop of asyncio's own kind say that it runs on this thread?
    [[nodiscard]] bool runs_here(py::python py) const noexcept;
    void wake() const noexcept;

    // In a forked child.
    static void watch_forks(py::python py);
    static PyObject* process_forked(PyObject*, PyObject*) noexcept;
    static PyObject* came_back(PyObject* loop, PyObject*) noexcept;
    void become_the_childs(py::python py);
    void call_when_back(py::python py);

    /// The inbox that this thread serves at this moment, or null: its loop is the one that runs here.
    inline static thread_local asyncio_inbox* serving_ = nullptr;

    class queues;
    std::unique_ptr<queues> queues_;
    PyObject* loop_;
    PyObject* ready_ = nullptr;  ///< its queue of callbacks, where it is of asyncio's own kind; borrowed
    std::weak_ptr<const py::object> shared_loop_;
    loop_dependent* dependents_ = nullptr;
    PyObject* to_raise_ = nullptr;
    bool of_parent_process_ = false;
    std::atomic<long> roots_{0};
    std::atomic<work*> when_idle_{nullptr};
};

}  // namespace pyasync::detail
