// tests/bench/limits/python_batch.cpp: a thread has batches of Python coroutines run on the thread of Python.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <thread>
#include <vector>

#include "embedded_python.hpp"
#include "limit.hpp"
#include "wake_up.hpp"

namespace limits {
namespace {

/// The value of a coroutine that does not suspend.
long run(PyObject* coroutine) {
    PyObject* result = nullptr;
    if (PyIter_Send(coroutine, Py_None, &result) != PYGEN_RETURN) {
        Py_XDECREF(result);
        PyErr_Print();
        throw std::runtime_error("scenario.nop() has failed or suspended");
    }
    return as_long(owned(result).get());
}

}  // namespace

report python_batches(const request& asked) {
    const embedded_python python;
    const owned scenario = steal(PyImport_ImportModule("scenario"));
    const owned nop = steal(PyObject_GetAttrString(scenario.get(), "nop"));
    wake_up asking;
    wake_up answering;
    std::vector<long> values;
    long batch = 0;
    report found;

    const auto restart = [&] { steal(PyObject_CallMethod(scenario.get(), "restart", nullptr)); };
    // What the thread does that awaits: a batch of 0 stands for a restart, one of -1 for the end.
    const auto request_batch = [&](long size) {
        batch = size;
        asking.signal();
        answering.wait();
    };
    std::thread other([&] {
        const auto cross = [&](long count) {
            long sum = 0;
            for (; count > 0; count -= batch) {
                request_batch(std::min(asked.in_flight, count));
                for (const long value : values) sum += value;
            }
            return sum;
        };
        cross(warm_up(asked.count, asked.in_flight));
        request_batch(0);
        const stopwatch time;
        found.checksum = cross(asked.count);
        time.stop(found);
        request_batch(-1);
    });
    while (true) {
        // As an event loop, this thread waits without the GIL.
        PyThreadState* const state = PyEval_SaveThread();
        asking.wait();
        PyEval_RestoreThread(state);
        if (batch < 0) break;
        if (batch == 0) restart();
        values.clear();
        for (long i = 0; i < batch; ++i) {
            const owned coroutine = steal(PyObject_CallNoArgs(nop.get()));
            values.push_back(run(coroutine.get()));
        }
        answering.signal();
    }
    answering.signal();
    other.join();
    found.crossings = as_long(steal(PyObject_CallMethod(scenario.get(), "crossings", nullptr)).get());
    return found;
}

}  // namespace limits
