// framework/src/uv/received.cpp: what has come is kept in one string, from whose front it is taken.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/received.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace pyasync::uv::detail {
void received::append(std::string_view bytes) {
    bytes_.erase(0, std::exchange(taken_, 0));
    bytes_.append(bytes);
}

void received::dropped(std::size_t size) noexcept {
    taken_ += size;
    if (!empty()) return;
    std::string().swap(bytes_);
    taken_ = 0;
}

std::size_t received::take(mutable_buffer into) noexcept {
    const std::size_t count = std::min(size(), into.size());
    std::memcpy(into.data(), view().data(), count);
    dropped(count);
    return count;
}

std::string received::take(std::size_t size) {
    if (taken_ == 0 && size == bytes_.size()) return std::exchange(bytes_, {});
    std::string taken(view().substr(0, size));
    dropped(taken.size());
    return taken;
}

std::optional<std::size_t> received::end_of(std::string_view delimiter, std::size_t& searched) const noexcept {
    const std::size_t found = view().find(delimiter, searched);
    if (found != std::string_view::npos) return found + delimiter.size();
    // A part of it may be there.
    searched = size() - std::min(size(), delimiter.size() - 1);
    return std::nullopt;
}

}  // namespace pyasync::uv::detail
