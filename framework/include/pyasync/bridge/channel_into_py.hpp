// framework/include/pyasync/bridge/channel_into_py.hpp: a channel between C++ tasks and Python's coroutines.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <source_location>
#include <string>
#include <utility>

#include <pyasync/bridge/channel_wait.hpp>
#include <pyasync/core/channel.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/gil.hpp>

namespace pyasync {

namespace detail {

/// A channel behind its Python object, whatever its items are. Under the GIL.
class python_channel {
public:
    python_channel(const python_channel&) = delete;
    python_channel& operator=(const python_channel&) = delete;
    virtual ~python_channel() = default;

    /// Throws where the item does not convert.
    [[nodiscard]] virtual ref<channel_wait> send(const py::bound& item) const = 0;
    /// `end` throws what it is told where there is nothing any more.
    [[nodiscard]] virtual ref<channel_wait> receive(void (*end)(py::python)) const = 0;
    virtual void close() const noexcept = 0;
    [[nodiscard]] virtual bool is_closed() const noexcept = 0;
    [[nodiscard]] virtual std::size_t size() const noexcept = 0;
    [[nodiscard]] virtual std::size_t capacity() const noexcept = 0;
    /// What Python calls the items; "" where that is not known.
    [[nodiscard]] virtual std::string item_annotation() const = 0;
    [[nodiscard]] const std::source_location& where() const noexcept { return where_; }

protected:
    explicit python_channel(const std::source_location& where) noexcept : where_(where) {}

private:
    std::source_location where_;
};

template <typename T>
class python_channel_of final : public python_channel {
public:
    /// Throws where the channel has been moved away: from here on there is one.
    python_channel_of(const channel<T>& content, const std::source_location& where)
        : python_channel(where), channel_(content.state()) {}

    [[nodiscard]] const channel<T>& content() const noexcept { return channel_; }

    [[nodiscard]] ref<channel_wait> send(const py::bound& item) const override {
        return make_ref<python_send<T>>(
            channel_.state(),
            py::detail::with_subject(
                item.py(), [] { return std::string("item for the channel"); }, [&]() -> T { return item.to<T>(); }));
    }
    [[nodiscard]] ref<channel_wait> receive(void (*end)(py::python)) const override {
        return make_ref<python_receive<T>>(channel_.state(), end);
    }
    void close() const noexcept override { channel_.close(); }
    [[nodiscard]] bool is_closed() const noexcept override { return channel_.is_closed(); }
    [[nodiscard]] std::size_t size() const noexcept override { return channel_.size(); }
    [[nodiscard]] std::size_t capacity() const noexcept override { return channel_.capacity(); }
    [[nodiscard]] std::string item_annotation() const override { return py::annotation_of<T>(); }

private:
    channel<T> channel_;
};

/// The Python type, borrowed; made at first use.
[[nodiscard]] PyObject* channel_type(py::python py);

[[nodiscard]] py::bound make_python_channel(py::python py, std::unique_ptr<python_channel> content);

/// What such an object stands for; throws a TypeError where it is none of those.
[[nodiscard]] python_channel& python_channel_in(const py::bound& source, const std::string& expected);

/// Throws it: a channel, but of other items.
[[noreturn]] void raise_other_channel(const python_channel& given, const py::bound& source,
                                      const std::string& expected);

}  // namespace detail

/// Makes a Python object of a channel. A channel is converted by itself where it is an argument of a `call`, or the
/// parameter or the result of a function given to Python, which is how tasks of both languages get hold of its ends.
///
///     pyasync::channel<std::string> lines(16);
///     auto reader = pyasync::spawn(pyasync::call("example:handle", lines));
///     while (auto line = co_await read_line()) co_await lines.send(*line);
///     lines.close();
///
///     async def handle(lines):
///         async for line in lines: ...
///
/// Python has `await ch.send(item)`, `await ch.receive()`, `async for item in ch`, which ends where the channel is
/// closed and empty, `ch.send_nowait(item)` and `ch.receive_nowait()` (`asyncio.QueueFull`, `asyncio.QueueEmpty` where
/// that would have to wait), `ch.close()`, `ch.closed`, `ch.capacity` and `len(ch)`. Each side waits for the other one,
/// in one line with C++'s tasks; on any event loop, on several at once.
///
/// **Thread.** Under the GIL. Items are converted on the thread that sends or receives them in Python; what need not
/// wait crosses no threads. **Cancellation.** A `receive` that is cancelled has received nothing, at whatever moment:
/// what it had just been given is the channel's next item again. A `send` that is cancelled has not sent, unless the
/// item had just found its place, in the channel or with a receiver. **Errors.** `send` raises what the conversion of
/// the item raises, at the call; `ChannelClosed`, of the module `pyasync` in an application, else of the extension
/// module, as does `receive` where the channel is closed and empty. An item that does not convert to Python is lost with
/// that exception. **Ownership.** Shares the channel.
template <typename T>
[[nodiscard]] py::bound channel_into_py(py::python py, channel<T> content,
                                        const std::source_location& where = std::source_location::current()) {
    py::detail::require_free_of_gil<T>();
    return detail::make_python_channel(py, std::make_unique<detail::python_channel_of<T>>(content, where));
}

namespace py {

/// A channel among the arguments of a call, as a parameter or the result of a function given to Python.
template <typename T>
struct converter<channel<T>> {
    static std::string annotation() {
        const std::string item = annotation_of<T>();
        return "Channel[" + (item.empty() ? "Any" : item) + "]";
    }
    static bound to_python(python py, channel<T> content) { return channel_into_py(py, std::move(content)); }
    static channel<T> from_python(const bound& source) {
        const auto& given = pyasync::detail::python_channel_in(source, annotation());
        const auto* const same = dynamic_cast<const pyasync::detail::python_channel_of<T>*>(&given);
        if (same == nullptr) pyasync::detail::raise_other_channel(given, source, annotation());
        return same->content();
    }
};

}  // namespace py
}  // namespace pyasync
