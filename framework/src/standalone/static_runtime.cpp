// framework/src/standalone/static_runtime.cpp: what a fully static executable does not ask its host about.
// SPDX-License-Identifier: MIT
#include <nss.h>

#include <array>
#include <cstdint>
#include <utility>

// The linker gives these every call of the functions without __wrap_, and those with __real_ are the functions
// themselves (--wrap; see PyasyncStaticPython.cmake). So it is settled when it is first needed, and a program that does
// not ask for a name, and has no OpenSSL, opens no file for it.
// NOLINTBEGIN(bugprone-reserved-identifier, readability-identifier-naming): the linker makes these names.
extern "C" {
bool __real___nss_database_get(int database, void* actions);
bool __wrap___nss_database_get(int database, void* actions);
// A weak name takes nothing out of an archive: libcrypto is there where something else needs it.
[[gnu::weak]] int __real_OPENSSL_init_crypto(std::uint64_t options, const void* settings);
int __wrap_OPENSSL_init_crypto(std::uint64_t options, const void* settings);
}

namespace {

/// The services that are in glibc's archive.
bool look_names_up_without_libraries() noexcept {
    constexpr std::array<std::pair<const char*, const char*>, 11> services{{{"passwd", "files"},
                                                                            {"group", "files"},
                                                                            {"initgroups", "files"},
                                                                            {"shadow", "files"},
                                                                            {"gshadow", "files"},
                                                                            {"hosts", "files dns"},
                                                                            {"networks", "files dns"},
                                                                            {"services", "files"},
                                                                            {"protocols", "files"},
                                                                            {"rpc", "files"},
                                                                            {"ethers", "files"}}};
    for (const auto& [database, service] : services) __nss_configure_lookup(database, service);
    return true;
}

}  // namespace

// All of glibc's functions that look something up ask here where. It would say what the host's nsswitch.conf says, and
// load the libraries of that name; they bring another glibc along, of the host's version, and the program crashes.
bool __wrap___nss_database_get(int database, void* actions) {
    [[maybe_unused]] static const bool is_settled = look_names_up_without_libraries();
    return __real___nss_database_get(database, actions);
}

// The host's openssl.cnf is for the host's OpenSSL: it may name modules that have to be loaded, and it changes what the
// program accepts. Who gives settings of his own means them.
int __wrap_OPENSSL_init_crypto(std::uint64_t options, const void* settings) {
    constexpr std::uint64_t load_config = 0x40;     // OPENSSL_INIT_LOAD_CONFIG
    constexpr std::uint64_t no_load_config = 0x80;  // OPENSSL_INIT_NO_LOAD_CONFIG
    if (settings == nullptr) options = (options & ~load_config) | no_load_config;
    return __real_OPENSSL_init_crypto(options, settings);
}
// NOLINTEND(bugprone-reserved-identifier, readability-identifier-naming)
