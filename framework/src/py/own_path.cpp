// framework/src/py/own_path.cpp: asking the kernel where things are.
// SPDX-License-Identifier: MIT
#include <pyasync/py/own_path.hpp>

#include <sys/auxv.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <string_view>

namespace pyasync::py::detail {

std::filesystem::path absolute(const std::filesystem::path& path) {
    if (path.is_absolute()) return path;
    std::array<char, PATH_MAX> here{};
    if (::getcwd(here.data(), here.size()) == nullptr) return path;
    std::string_view below = path.native();
    while (below.starts_with("./")) below.remove_prefix(2);
    return std::filesystem::path(here.data()) / below;
}

std::filesystem::path own_path() {
    std::array<char, PATH_MAX> known{};
    const ssize_t size = ::readlink("/proc/self/exe", known.data(), known.size());
    if (size > 0) return std::string_view(known.data(), static_cast<std::size_t>(size));
    const auto* const started_as = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
    return started_as == nullptr ? std::filesystem::path() : absolute(started_as);
}

}  // namespace pyasync::py::detail
