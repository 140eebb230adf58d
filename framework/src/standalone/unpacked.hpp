// framework/src/standalone/unpacked.hpp: what COMPRESS modules has packed, as it was.
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <pyasync/py/object.hpp>

namespace pyasync::detail {

/// Bytes of an archive's, unpacked by Python's own zlib where they are packed.
class unpacked {
public:
    /// Throws `python_error`.
    unpacked(py::python py, std::string_view stored, bool is_compressed);

    /// While this object lives.
    [[nodiscard]] std::string_view data() const noexcept { return data_; }

private:
    py::bound kept_;
    std::string_view data_;
};

}  // namespace pyasync::detail
