// tests/compile_fail/channel_of_throwing_move.cpp: an item that another thread cannot move without an exception.
// SPDX-License-Identifier: MIT
// error: an item must be moved without throwing: another thread may be doing that; send a std::unique_ptr
#include <memory>

#include <pyasync/core/channel.hpp>

namespace channel_of_throwing_move {

struct fragile {
    fragile() = default;
    fragile(fragile&&) noexcept(false) {}
};

inline void use() {
#ifdef MISUSE
    const pyasync::channel<fragile> items(1);
#else
    const pyasync::channel<std::unique_ptr<fragile> > items(1);
#endif
    items.close();
}

}  // namespace channel_of_throwing_move
