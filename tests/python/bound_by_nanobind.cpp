// tests/python/bound_by_nanobind.cpp: the same class, bound by nanobind.
// SPDX-License-Identifier: MIT
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <pyasync/nanobind.hpp>
#include <pyasync/pyasync.hpp>

#include "binding.hpp"

NB_MODULE(bound_by_nanobind, m) { bind<nanobind::class_<account>>(m, nanobind::init<int>()); }
