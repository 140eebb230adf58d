// tests/bench/limits/c_call.cpp: calls between Python and C on one thread.
// SPDX-License-Identifier: MIT
#include "embedded_python.hpp"
#include "limit.hpp"

namespace limits {
namespace {

std::atomic<long> numbers{0};

PyObject* c_nop(PyObject*, PyObject*) { return PyLong_FromLong(take(numbers)); }

constexpr const char* code = R"(
import itertools

def calls(function, count):
    total = 0
    for _ in range(count):
        total += function()
    return total

numbers = itertools.count(1)

def restart():
    global numbers
    numbers = itertools.count(1)

def crossings():
    return next(numbers) - 1

def nop():
    return next(numbers)
)";

}  // namespace

report c_call_from_python(const request& asked) {
    const embedded_python python;
    const owned module = python.module_of("c_call", code);
    PyMethodDef definition{"c_nop", c_nop, METH_NOARGS, nullptr};
    const owned function = steal(PyCFunction_New(&definition, nullptr));
    const auto cross = [&](long count) {
        return as_long(steal(PyObject_CallMethod(module.get(), "calls", "Ol", function.get(), count)).get());
    };
    cross(warm_up(asked.count));
    numbers = 0;
    report found;
    const stopwatch time;
    found.checksum = cross(asked.count);
    time.stop(found);
    found.crossings = numbers;
    return found;
}

report python_call_from_c(const request& asked) {
    const embedded_python python;
    const owned module = python.module_of("c_call", code);
    const owned function = steal(PyObject_GetAttrString(module.get(), "nop"));
    const auto cross = [&](long count) {
        long sum = 0;
        for (long i = 0; i < count; ++i) sum += as_long(steal(PyObject_CallNoArgs(function.get())).get());
        return sum;
    };
    cross(warm_up(asked.count));
    steal(PyObject_CallMethod(module.get(), "restart", nullptr));
    report found;
    const stopwatch time;
    found.checksum = cross(asked.count);
    time.stop(found);
    found.crossings = as_long(steal(PyObject_CallMethod(module.get(), "crossings", nullptr)).get());
    return found;
}

}  // namespace limits
