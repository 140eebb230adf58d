// framework/include/pyasync/bridge/loop_reader.hpp: serving an inbox from the callbacks of a loop of any kind.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/bridge/asyncio_inbox.hpp>
#include <pyasync/core/spin.hpp>

namespace pyasync::detail {

/// A reader on the inbox's descriptor: what every loop can do, and all that uvloop offers.
///
/// While messages follow one another closely, the callback stays for the answers to what it has just sent (a few
/// microseconds, fifty in all), and comes again by `call_soon` instead of going to sleep, so that neither side needs a
/// system call. Under the GIL, on the loop's thread.
class loop_reader {
public:
    /// Registers with `loop`, which owns the reader from then on: when the loop is closed or collected, the reader goes
    /// and tells the inbox.
    static void install(ref<asyncio_inbox> inbox, const py::bound& loop);

    /// The same for a loop that another thread runs at present.
    static void install_from_elsewhere(ref<asyncio_inbox> inbox, const py::bound& loop);

private:
    explicit loop_reader(ref<asyncio_inbox> inbox) noexcept : inbox_(std::move(inbox)) {}

    static loop_reader& of(PyObject* capsule) noexcept;
    [[nodiscard]] static py::bound callback(py::python py, ref<asyncio_inbox> inbox);
    static PyObject* woken(PyObject* capsule, PyObject*) noexcept;
    static PyObject* come_again(PyObject* capsule, PyObject*) noexcept;
    static void dropped(PyObject* capsule) noexcept;

    [[nodiscard]] PyObject* serve(PyObject* capsule) noexcept;
    [[nodiscard]] bool stays_for_answers(py::python py);
    void arrange_next(py::python py, PyObject* capsule);

    ref<asyncio_inbox> inbox_;
    spinner spin_;
    spinner::clock::time_point slept_since_;
    spinner::clock::time_point last_arrival_;
    bool comes_again_ = false;
};

}  // namespace pyasync::detail
