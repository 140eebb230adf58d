// tests/compile_fail/coroutine_takes_token.cpp: a coroutine asks for the proof that it holds the GIL.
// SPDX-License-Identifier: MIT
// error: a coroutine runs without the GIL, so it has no py::python: co_await on_asyncio() gives one
#include <pyasync/module.hpp>

namespace coroutine_takes_token {

inline void use(pyasync::module_& m) {
#ifdef MISUSE
    m.def("f", [](pyasync::py::python) -> pyasync::task<> { co_return; });
#else
    m.def("f", []() -> pyasync::task<> { co_return; });
#endif
}

}  // namespace coroutine_takes_token
