// framework/src/standalone/unpacked.hpp: what zlib has packed in an archive, as it was.
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <pyasync/py/object.hpp>

namespace pyasync::detail {

/// Bytes of an archive's, unpacked by Python's own zlib where they are packed.
class unpacked {
public:
    /// Throws `python_error`.
    unpacked(py::python py, std::string_view stored, bool is_packed);

    /// While this object lives.
    [[nodiscard]] std::string_view data() const noexcept { return data_; }

private:
    py::bound kept_;
    std::string_view data_;
};

}  // namespace pyasync::detail
