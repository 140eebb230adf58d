// framework/src/standalone/extensions.cpp: dependencies first, by name.
// SPDX-License-Identifier: MIT
#include "extensions.hpp"

#include <dlfcn.h>

#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <unordered_map>

#include "memory_library.hpp"
#include "unpacked.hpp"

namespace pyasync::detail {
namespace {

/// OpenSSL would read the configuration file of whatever machine it is on, from where its Debian package has it; what is
/// said first holds.
void keep_openssl_from_configuration(std::string_view name, void* library) noexcept {
    constexpr std::uint64_t no_load_config = 0x80;  // OPENSSL_INIT_NO_LOAD_CONFIG
    using initialiser = int (*)(std::uint64_t, const void*);
    if (!name.starts_with("libcrypto.so")) return;
    const auto initialise = reinterpret_cast<initialiser>(::dlsym(library, "OPENSSL_init_crypto"));
    if (initialise != nullptr) initialise(no_load_config, nullptr);
}

/// The dynamic linker finds what is loaded already by its SONAME, or by this path, and looks for no file then.
const std::string& load(py::python py, const archive::module& wanted) {
    static auto* const loaded = new std::unordered_map<std::string_view, std::string>;
    if (const auto known = loaded->find(wanted.name); known != loaded->end()) return known->second;
    const memory_library file(wanted.name, unpacked(py, wanted.data, wanted.is_packed).data());
    void* const library = ::dlopen(file.path().c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error(std::string(wanted.name) + " does not load: " + ::dlerror());
    keep_openssl_from_configuration(wanted.name, library);
    return loaded->emplace(wanted.name, file.path()).first->second;
}

void load_library(py::python py, const archive& from, std::string_view name) {
    const auto found = from.find_module(name);
    if (!found) throw std::runtime_error("the library " + std::string(name) + " is not in this executable");
    static_cast<void>(load(py, *found));
}

}  // namespace

const std::string& load_extension(py::python py, const archive& from, const archive::module& extension) {
    try {
        for (std::string_view rest = extension.needs; !rest.empty();) {
            const std::size_t end = rest.find('\n');
            load_library(py, from, rest.substr(0, end));
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        }
        return load(py, extension);
    } catch (const std::runtime_error& error) {
        throw std::runtime_error("the extension module " + std::string(extension.name) + ": " + error.what());
    }
}

}  // namespace pyasync::detail
