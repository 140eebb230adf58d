// framework/src/bridge/loop_reader.cpp: waking, staying, coming again.
// SPDX-License-Identifier: MIT
#include <pyasync/bridge/loop_reader.hpp>

#include <chrono>
#include <memory>

#include <pyasync/bridge/asyncio_api.hpp>
#include <pyasync/py/convert.hpp>

namespace pyasync::detail {
namespace {

using clock = spinner::clock;

/// As long as an answer takes that needs no waiting; the loop's other callbacks wait meanwhile.
constexpr auto longest_answer = std::chrono::microseconds(3);
/// As long as one callback may stay, as long as answers come.
constexpr auto longest_stay = std::chrono::microseconds(50);

}  // namespace

py::bound loop_reader::callback(py::python py, ref<asyncio_inbox> inbox) {
    static PyMethodDef method{"drain", &woken, METH_NOARGS, "Serve what C++ has sent to this loop."};
    auto reader = std::unique_ptr<loop_reader>(new loop_reader(std::move(inbox)));
    const py::bound capsule = py::bound::steal(py, PyCapsule_New(reader.get(), nullptr, &dropped));
    static_cast<void>(reader.release());
    return with_frame(py::bound::steal(py, PyCFunction_New(&method, capsule.ptr())));
}

// The loop keeps a reader's context as long as the reader: not that of who happens to come first, with all that it has.

void loop_reader::install(ref<asyncio_inbox> inbox, const py::bound& loop) {
    const py::bound context = py::bound::steal(loop.py(), PyContext_New());
    const entered_context entered(loop.py(), context.ptr());
    const int descriptor = inbox->descriptor();
    with_frame(loop.attr("add_reader"))(descriptor, callback(loop.py(), std::move(inbox)));
}

void loop_reader::install_from_elsewhere(ref<asyncio_inbox> inbox, const py::bound& loop) {
    const int descriptor = inbox->descriptor();
    loop.call_method("call_soon_threadsafe", loop.attr("add_reader"), descriptor, callback(loop.py(), std::move(inbox)),
                     py::kw("context") = py::bound::steal(loop.py(), PyContext_New()));
}

loop_reader& loop_reader::of(PyObject* capsule) noexcept {
    return *static_cast<loop_reader*>(PyCapsule_GetPointer(capsule, nullptr));
}

void loop_reader::dropped(PyObject* capsule) noexcept {
    const std::unique_ptr<loop_reader> self(&of(capsule));
    self->inbox_->loop_gone(py::detail::token_maker::make());
}

PyObject* loop_reader::woken(PyObject* capsule, PyObject*) noexcept {
    loop_reader& self = of(capsule);
    self.inbox_->clear_wake_up();
    self.spin_.slept(clock::now() - self.slept_since_);
    return self.serve(capsule);
}

PyObject* loop_reader::come_again(PyObject* capsule, PyObject*) noexcept {
    loop_reader& self = of(capsule);
    self.comes_again_ = false;
    return self.serve(capsule);
}

PyObject* loop_reader::serve(PyObject* capsule) noexcept {
    const py::python py = py::detail::token_maker::make();
    try {
        inbox_->begin_turn();
        if (inbox_->serve(py)) last_arrival_ = clock::now();
        for (const auto begin = last_arrival_; stays_for_answers(py) && last_arrival_ - begin < longest_stay;) {
            inbox_->serve(py);
            last_arrival_ = clock::now();
        }
        if (inbox_->raise_pending()) {
            // The loop ends with this exception; where it runs again, it finds what has been left.
            arrange_next(py, capsule);
            return nullptr;
        }
        arrange_next(py, capsule);
    } catch (const py::python_error& error) {
        return py::detail::raise_object(error.value().ptr());
    }
    Py_RETURN_NONE;
}

bool loop_reader::stays_for_answers(py::python py) {
    if (!inbox_->serves() || inbox_->will_raise() || inbox_->has_more() || inbox_->asyncio_has_ready(py)) {
        return false;
    }
    return spin_.look_for([this] { return inbox_->pending(); }, longest_answer);
}

void loop_reader::arrange_next(py::python py, PyObject* capsule) {
    static PyMethodDef method{"drain", &come_again, METH_NOARGS, "Serve what C++ has sent to this loop."};
    if (!inbox_->serves() || comes_again_) return;
    const auto now = clock::now();
    const bool stays_awake = inbox_->has_more() || (spin_.pays() && now - last_arrival_ < spinner::limit());
    if (!stays_awake && inbox_->sleep()) {
        slept_since_ = now;
        return;
    }
    const py::detail::set_aside raised;
    py::bound::borrow(py, inbox_->event_loop())
        .call_method("call_soon", py::bound::steal(py, PyCFunction_New(&method, capsule)));
    comes_again_ = true;
}

}  // namespace pyasync::detail
