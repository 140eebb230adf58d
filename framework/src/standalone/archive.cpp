// framework/src/standalone/archive.cpp: finding an entry by its name.
// SPDX-License-Identifier: MIT
#include "archive.hpp"

#include <cstring>

namespace pyasync::detail {
namespace {

/// The first index below `end` whose name is not less than `wanted`.
template <typename NameAt>
std::size_t first_not_less(std::size_t end, std::string_view wanted, NameAt&& name_at) {
    std::size_t begin = 0;
    while (begin != end) {
        const std::size_t middle = begin + (end - begin) / 2;
        if (name_at(middle) < wanted) {
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    return begin;
}

}  // namespace

std::uint32_t archive::number(std::size_t at) const noexcept {
    std::uint32_t value = 0;
    std::memcpy(&value, begin_ + at, sizeof value);
    return value;
}

std::string_view archive::text(std::size_t at) const noexcept {
    return {begin_ + number(at), number(at + sizeof(std::uint32_t))};
}

archive::module archive::module_at(std::size_t index) const noexcept {
    enum packed : std::uint32_t { source = 1, code_and_data = 2 };
    constexpr std::size_t one = 2 * sizeof(std::uint32_t);
    const std::size_t at = place_of_module(index);
    const std::uint32_t what = number(at + 6 * one + sizeof(std::uint32_t));
    return {text(at),
            text(at + one),
            text(at + 2 * one),
            text(at + 3 * one),
            text(at + 4 * one),
            text(at + 5 * one),
            kind{number(at + 6 * one)},
            (what & packed::source) != 0,
            (what & packed::code_and_data) != 0};
}

archive::file archive::file_at(std::size_t index) const noexcept {
    const std::size_t at = place_of_file(index);
    return {text(at), text(at + 2 * sizeof(std::uint32_t))};
}

std::size_t archive::first_module(std::string_view name) const noexcept {
    return first_not_less(modules(), name, [this](std::size_t index) { return text(place_of_module(index)); });
}

std::size_t archive::first_file(std::string_view name) const noexcept {
    return first_not_less(files(), name, [this](std::size_t index) { return text(place_of_file(index)); });
}

std::optional<archive::module> archive::find_module(std::string_view name) const noexcept {
    const std::size_t index = first_module(name);
    if (index == modules() || text(place_of_module(index)) != name) return std::nullopt;
    return module_at(index);
}

std::optional<archive::file> archive::find_file(std::string_view name) const noexcept {
    const std::size_t index = first_file(name);
    if (index == files() || text(place_of_file(index)) != name) return std::nullopt;
    return file_at(index);
}

}  // namespace pyasync::detail
