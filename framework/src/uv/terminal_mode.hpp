// framework/src/uv/terminal_mode.hpp: the mode that a terminal had, put back whatever happens.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/uv/descriptor.hpp>

namespace pyasync::uv::detail {

class kept_mode;

/// Keeps the present mode of a terminal, which it has again when this goes, or when the program ends.
class terminal_mode {
public:
    terminal_mode() = default;
    terminal_mode(const terminal_mode&) = delete;
    terminal_mode& operator=(const terminal_mode&) = delete;
    ~terminal_mode() { put_back(); }

    /// Nothing where it keeps one already. Where very many terminals have theirs kept, those of the rest are not.
    void keep(int terminal) noexcept;
    void put_back() noexcept;

private:
    kept_mode* kept_ = nullptr;
};

}  // namespace pyasync::uv::detail
