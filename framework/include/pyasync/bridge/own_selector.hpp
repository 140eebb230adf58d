// framework/include/pyasync/bridge/own_selector.hpp: how asyncio's own loop waits, once it has met the framework.
// SPDX-License-Identifier: MIT
#pragma once

#include <pyasync/bridge/asyncio_inbox.hpp>
#include <pyasync/py/object.hpp>

namespace pyasync::detail {

/// Takes the place of `select` in the EpollSelector of an asyncio.SelectorEventLoop.
///
/// It waits as that one does, and serves the loop's inbox while it waits: it returns to asyncio only when that has
/// something to do itself (a callback, a timer, a descriptor, the wish to stop). So a crossing costs neither a turn of
/// the loop nor, while one follows another, a system call. On other loops, and with other selectors, the loop's reader
/// serves the inbox.
class own_selector {
public:
    /// On the loop's thread. Does nothing where the loop is of another kind.
    static void install(asyncio_inbox& inbox, const py::bound& loop);

    /// In a forked child: gives a loop of asyncio's own an epoll instance that it does not share with the parent, where
    /// whatever one of them takes or unregisters is gone for the other. Does nothing where the loop is of another kind.
    static void separate(const py::bound& loop);
};

}  // namespace pyasync::detail
