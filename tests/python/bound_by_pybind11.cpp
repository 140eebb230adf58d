// tests/python/bound_by_pybind11.cpp: a class of pybind11's whose methods are coroutines.
// SPDX-License-Identifier: MIT
#include <pybind11/stl.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <pyasync/pyasync.hpp>
#include <pyasync/pybind11.hpp>

#include "binding.hpp"

PYBIND11_MODULE(bound_by_pybind11, m) {
    bind<pybind11::class_<account, std::shared_ptr<account>>>(m, pybind11::init<int>());
}
