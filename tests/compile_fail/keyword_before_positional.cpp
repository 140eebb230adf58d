// tests/compile_fail/keyword_before_positional.cpp: a positional argument after a keyword.
// SPDX-License-Identifier: MIT
// error: keyword arguments come after the positional ones
#include <pyasync/py/convert.hpp>

namespace keyword_before_positional {

inline void use(const pyasync::py::bound& callable) {
#ifdef MISUSE
    callable(pyasync::py::kw("timeout") = 1, 2);
#else
    callable(2, pyasync::py::kw("timeout") = 1);
#endif
}

}  // namespace keyword_before_positional
