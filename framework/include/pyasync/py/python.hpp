// framework/include/pyasync/py/python.hpp: the one place that includes Python.h, and the token for the GIL.
// SPDX-License-Identifier: MIT
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
// These belong to it, but are not part of it.
#include <frameobject.h>
#include <marshal.h>
#include <structmember.h>

#if PY_VERSION_HEX < 0x030B0000
#error "pyasync needs Python 3.11 or newer"
#endif

namespace pyasync::py {

class bound;

namespace detail {
struct token_maker;
}

/// Proof that this thread holds the GIL. Whoever has one may use Python; it is handed to the functions given to
/// `with_gil` and `on_asyncio`, and is not to be had otherwise. It must not be kept beyond them.
class python {
public:
    /// `import module`, with dots: `py.import("os.path")` is the module `os.path`. Throws `python_error`.
    bound import(const char* module) const;

    /// `None`.
    [[nodiscard]] bound none() const;

    /// A Python object made of a C++ value, by `converter<T>`.
    template <typename T>
    [[nodiscard]] bound value(T&& value) const;

private:
    friend struct detail::token_maker;
    python() = default;
};

namespace detail {

/// Makes the token, for callbacks that CPython itself calls with the GIL held.
struct token_maker {
    [[nodiscard]] static python make() noexcept { return {}; }
};

}  // namespace detail
}  // namespace pyasync::py
