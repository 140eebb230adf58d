// framework/include/pyasync/uv/pipe.hpp: connections within one machine, by a path.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <pyasync/core/task.hpp>
#include <pyasync/uv/listener.hpp>
#include <pyasync/uv/stream.hpp>

namespace pyasync::uv {

/// A connection by a Unix domain socket; also one end of a pipe to a process. What it can do, `stream` says.
///
///     pyasync::uv::pipe database = co_await pyasync::uv::pipe::connect("/run/postgresql/.s.PGSQL.5432");
class pipe final : public stream {
public:
    /// Connects to the one who listens at a path. As `tcp::connect`.
    [[nodiscard]] static task<pipe> connect(std::string path);

    /// Listens at a path where nothing is yet (`UV_EADDRINUSE`); the file goes with the listener.
    [[nodiscard]] static task<listener<pipe>> listen(std::string path, int backlog = 1024);

    /// Takes over a descriptor that is connected already: a pipe's end, one of a pair of sockets. `name` is what
    /// messages call the other side. On a loop's thread. Throws `uv::error`; the descriptor stays the caller's then.
    [[nodiscard]] static pipe adopt(int descriptor, std::string name);

private:
    friend class detail::accept_awaiter<pipe>;
    using stream::stream;
    static pipe adopt(detail::accepted come);
};

}  // namespace pyasync::uv
