// tests/fuzz/framing.hpp: cuts a stream of bytes in a way that the input draws, and compares with what a string gives.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include <pyasync/core/root.hpp>
#include <pyasync/core/task.hpp>
#include <pyasync/uv/error.hpp>
#include <pyasync/uv/framing.hpp>

namespace pyasync::fuzz {

/// The drawn bytes, and decisions out of them.
class input {
public:
    explicit input(std::span<const std::uint8_t> bytes) noexcept : bytes_(bytes) {}

    [[nodiscard]] bool over() const noexcept { return bytes_.empty(); }
    /// 0 to `most`.
    std::size_t number(std::size_t most) noexcept {
        if (over()) return 0;
        const std::size_t drawn = bytes_.front();
        bytes_ = bytes_.subspan(1);
        return drawn % (most + 1);
    }
    std::string text(std::size_t size) {
        size = std::min(size, bytes_.size());
        std::string taken(reinterpret_cast<const char*>(bytes_.data()), size);
        bytes_ = bytes_.subspan(size);
        return taken;
    }

private:
    std::span<const std::uint8_t> bytes_;
};

/// Gives its content in pieces of sizes that the input draws.
class pieces : public uv::framed<pieces> {
public:
    pieces(std::string content, input& drawn) : content_(std::move(content)), drawn_(&drawn) {}

    using framed::read_some;
    [[nodiscard]] task<std::size_t> read_some(uv::mutable_buffer into) {
        if (!received_.empty()) co_return received_.take(into);
        const std::string piece = next(into.size());
        std::ranges::copy(piece, into.begin());
        co_return piece.size();
    }
    [[nodiscard]] task<std::size_t> receive() {
        const std::string piece = next(content_.size());
        received_.append(piece);
        co_return piece.size();
    }
    [[nodiscard]] uv::detail::received& received() noexcept { return received_; }
    [[nodiscard]] std::string peer() const { return "the input"; }

private:
    std::string next(std::size_t most) {
        std::string piece = content_.substr(0, std::min(most, 1 + drawn_->number(7)));
        content_.erase(0, piece.size());
        return piece;
    }

    std::string content_;
    input* drawn_;
    uv::detail::received received_;
};

inline void require(bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
}

/// What `read_until` is to give of `left`, which it takes away; nothing where it is to fail.
inline std::optional<std::string> line_of(std::string& left, const std::string& delimiter, std::size_t limit,
                                          bool& fails) {
    const std::size_t found = left.find(delimiter);
    const std::size_t size = found == std::string::npos ? left.size() : found + delimiter.size();
    fails = size > limit || (found == std::string::npos && size == limit);
    if (fails || left.empty()) return std::nullopt;
    std::string line = left.substr(0, size);
    left.erase(0, size);
    return line;
}

inline task<> compare(input drawn) {
    constexpr std::size_t most_content = 200;
    std::string left = drawn.text(drawn.number(most_content));
    pieces stream(left, drawn);
    for (int step = 0; step < 50 && !drawn.over(); ++step) {
        try {
            switch (drawn.number(4)) {
                case 0: {
                    const std::string delimiter = drawn.text(1 + drawn.number(3));
                    const std::size_t limit = 1 + drawn.number(60);
                    if (delimiter.empty()) break;
                    std::string before = left;
                    bool fails = false;
                    const auto wanted = line_of(left, delimiter, limit, fails);
                    try {
                        const auto line = co_await stream.read_until(delimiter, limit);
                        require(!fails, "a line that is too long");
                        require(line == wanted, "another line");
                    } catch (const uv::error&) {
                        require(fails, "no line");
                    }
                    break;
                }
                case 1: {
                    const std::size_t size = drawn.number(20);
                    if (size > left.size()) break;
                    const std::string come = co_await stream.read_exactly(size);
                    require(come == left.substr(0, size), "other bytes");
                    left.erase(0, size);
                    break;
                }
                case 2: {
                    std::string room(1 + drawn.number(20), '\0');
                    const std::size_t size = co_await stream.read_some(room);
                    require(size > 0 || left.empty(), "an early end");
                    require(room.substr(0, size) == left.substr(0, size), "other bytes at once");
                    left.erase(0, size);
                    break;
                }
                case 3: {
                    const std::size_t limit = 1 + drawn.number(20);
                    const std::string come = co_await stream.read_some(limit);
                    require(come.size() <= limit, "more than the limit");
                    require(!come.empty() || left.empty(), "an early end");
                    require(come == left.substr(0, come.size()), "other bytes at once");
                    left.erase(0, come.size());
                    break;
                }
                default: {
                    // Length and content, as a protocol has them.
                    if (left.empty()) break;
                    const std::string length = co_await stream.read_exactly(1);
                    require(length == left.substr(0, 1), "another length");
                    left.erase(0, 1);
                    const auto size = static_cast<std::size_t>(static_cast<std::uint8_t>(length.front()) % 16);
                    if (size > left.size()) break;
                    require(co_await stream.read_exactly(size) == left.substr(0, size), "other content");
                    left.erase(0, size);
                }
            }
        } catch (const uv::error&) {
            throw std::logic_error("an error that nothing is the reason of");
        }
    }
    require(co_await stream.read_all() == left, "another rest");
}

/// Everything runs here, at once: nothing of it waits.
class here final : public detail::executor {
public:
    void post(detail::work& item) noexcept override { items_.push(item); }
    [[nodiscard]] bool is_current() const noexcept override { return true; }
    void run_all() {
        while (!items_.empty()) {
            detail::work& item = items_.pop();
            item.handle(item, detail::delivery::served);
        }
    }

private:
    detail::work_queue items_;
};

/// Throws where something differs.
inline void framing(std::span<const std::uint8_t> bytes) {
    here executor;
    const auto running =
        detail::root<void>::launch(compare(input(bytes)), executor, {}, std::source_location::current());
    executor.run_all();
    require(running->done(), "it hangs");
    if (running->outcome.failed()) std::rethrow_exception(running->outcome.error());
}

}  // namespace pyasync::fuzz
