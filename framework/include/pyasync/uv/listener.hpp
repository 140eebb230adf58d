// framework/include/pyasync/uv/listener.hpp: a socket that connections come in at.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <source_location>
#include <string>
#include <utility>

#include <pyasync/core/task.hpp>
#include <pyasync/uv/address.hpp>
#include <pyasync/uv/at_home.hpp>
#include <pyasync/uv/descriptor.hpp>
#include <pyasync/uv/handle.hpp>
#include <pyasync/uv/operation.hpp>
#include <pyasync/uv/operation_queue.hpp>

namespace pyasync::uv {

namespace detail {

class listener_handle;

/// A connection that has come in and is no stream yet.
struct accepted {
    descriptor socket;
    address peer;  ///< none where it came by a path
};

class accept_wait : public operation {
public:
    accept_wait(detail::handle& listener, pyasync::detail::task_context& context, const std::source_location& where);

protected:
    ~accept_wait() = default;
    [[nodiscard]] accepted take();

private:
    friend class listener_handle;
    friend class operation_queue<accept_wait>;

    bool begin() noexcept final;
    void withdraw() noexcept final;
    void describe(pyasync::detail::task_report& into) const final;
    [[nodiscard]] std::string subject() const final;

    listener_handle* listener_;
    accepted come_;
    accept_wait* next_ = nullptr;
};

template <typename Stream>
class accept_awaiter final : public accept_wait {
public:
    using accept_wait::accept_wait;
    [[nodiscard]] Stream await_resume() { return Stream::adopt(take()); }
};

template <typename Stream>
struct accept_operation {
    using value_type = Stream;
    detail::handle* listener;
    [[nodiscard]] accept_awaiter<Stream> awaiter_in(pyasync::detail::task_context& context,
                                                    const std::source_location& where) const {
        return {*listener, context, where};
    }
};

/// The part of a listener that does not depend on what it accepts.
class any_listener {
public:
    /// Where it listens, in words.
    [[nodiscard]] const std::string& name() const;

    /// The same, of TCP; of a path, no address. Port 0 has become a real one.
    [[nodiscard]] address local_address() const;

    /// Stops listening; waiting `accept`s get `UV_ECANCELED`. On its loop; nothing where it is closed. The socket itself
    /// goes with the last one that shares it.
    void close();
    [[nodiscard]] bool is_open() const noexcept { return handle_ && handle_->is_open(); }

protected:
    explicit any_listener(owned<handle> made) noexcept : handle_(std::move(made)) {}
    any_listener(any_listener&&) = default;
    any_listener& operator=(any_listener&&) = default;
    ~any_listener() = default;

    [[nodiscard]] listener_handle& get() const;
    [[nodiscard]] handle& base() const;
    [[nodiscard]] owned<handle> share_here() const;

private:
    owned<handle> handle_;
};

}  // namespace detail

/// Accepts connections; `tcp::listen` and `pipe::listen` make one.
///
///     auto server = co_await pyasync::uv::tcp::listen({"0.0.0.0", 8080});
///     for (;;) group.spawn(serve(co_await server.accept()));
///
/// **Thread.** It belongs to the loop that it was made on, and so do the connections. A server on several loops has a
/// listener on each: `share`. Its destructor may run anywhere. **Ownership.** Closes when it goes.
template <typename Stream>
class listener : public detail::any_listener {
public:
    /// Waits for a connection; first come, first served where several tasks do.
    ///
    /// **Cancellation.** Ends at once; no connection is lost. **Errors.** `uv::error` where the system cannot give one, of
    /// which `UV_EMFILE` (too many descriptors) is the one to expect: it comes at once, and again at once for the
    /// next `accept`, so wait a while, or until one of the connections has ended.
    [[nodiscard]] detail::accept_operation<Stream> accept() { return {&base()}; }

    /// A second listener at the same socket, on the loop of the awaiting task: the loops share what comes in.
    [[nodiscard]] task<listener> share() { return share(*this); }

private:
    friend Stream;
    using any_listener::any_listener;

    static task<listener> share(const listener& shared) {
        co_await detail::at_home();
        co_return listener(shared.share_here());
    }
};

}  // namespace pyasync::uv
