// framework/src/uv/signal_claim.hpp: who handles a signal, before libuv does and afterwards.
// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

namespace pyasync::uv::detail {

/// A signal that libuv handles for one of us: nobody else had a handler, and what was there before is there again when the
/// last claim to it has gone. (libuv itself takes a signal from whoever has it, and leaves the default action behind.)
class signal_claim {
public:
    /// Throws `misuse` where somebody else handles it.
    explicit signal_claim(int number);
    signal_claim(const signal_claim&) = delete;
    signal_claim& operator=(const signal_claim&) = delete;
    ~signal_claim() { give_up(nullptr); }

    /// Loop thread: begins to watch; a code of libuv's.
    [[nodiscard]] int start(uv_signal_t& handle, uv_signal_cb came) const noexcept;
    /// Stops `watching`, where libuv has not closed it already. Once is enough.
    void give_up(uv_signal_t* watching) noexcept;

private:
    int number_;
    bool given_up_ = false;
};

}  // namespace pyasync::uv::detail
