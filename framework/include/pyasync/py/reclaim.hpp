// framework/include/pyasync/py/reclaim.hpp: references that die where the GIL is not held.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/py/python.hpp>

namespace pyasync::py::detail {

/// Gives up one count of `target`: at once where this thread holds the GIL, else on the next thread that calls
/// `reclaim`. Any thread. After Python has been finalised nothing happens: its memory is gone.
void give_up(PyObject* target) noexcept;

/// Decrements what has been given up elsewhere.
void reclaim(python py) noexcept;

/// `wake` is called, without the GIL, when something has been given up and `reclaim` has not been called since; it
/// should see to it that `reclaim` is called soon. Null for none.
void on_given_up(void (*wake)() noexcept) noexcept;

/// Does something wait to be reclaimed, with nobody to be called for it? Any thread.
[[nodiscard]] bool nobody_reclaims() noexcept;

}  // namespace pyasync::py::detail
