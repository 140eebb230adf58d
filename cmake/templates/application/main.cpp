// main.cpp: the application: prints a greeting.
#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

#include "greeting.hpp"

namespace {

pyasync::task<> run() { fmt::print("{}\n", co_await greeting("Good morning")); }

}  // namespace

PYASYNC_MAIN(run)
