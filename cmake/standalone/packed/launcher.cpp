// cmake/standalone/packed/launcher.cpp: a small program that unpacks the one that it carries into memory, and becomes it.
// SPDX-License-Identifier: MIT

// It is a part of every packed executable: so nothing of the C++ library's, nor stdio, is in it; a fully static one has not even
// the C library (without_libc.cpp), if that is possible here.
// Nothing is written to any folder.

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "trailer.hpp"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

namespace {

void say(std::string_view text) noexcept { static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size())); }

[[noreturn]] void fail(std::string_view path, std::string_view what) noexcept {
    say(path);
    say(": ");
    say(what);
    say("\n");
    std::_Exit(EXIT_FAILURE);
}

/// The part of a path behind its last slash.
const char* name_in(const char* path) noexcept {
    const char* name = path;
    for (; *path != '\0'; ++path) {
        if (*path == '/') name = path + 1;
    }
    return name;
}

/// What the system was asked to start (AT_EXECFN), which may be another name than the first argument: it says so behind the
/// environment, where it has put that.
const char* started_as() noexcept {
    char** end = environ;
    while (*end != nullptr) ++end;
    const auto* entry = reinterpret_cast<const ElfW(auxv_t)*>(end + 1);
    while (entry->a_type != AT_EXECFN && entry->a_type != AT_NULL) ++entry;
    return entry->a_type == AT_NULL ? "" : reinterpret_cast<const char*>(entry->a_un.a_val);
}

/// The file that it was started from.
const char* own_path() noexcept {
    static std::array<char, 2 * PATH_MAX> path{};
    if (::readlink("/proc/self/exe", path.data(), PATH_MAX - 1) > 0) return path.data();
    const char* const called = started_as();
    const std::size_t length = std::strlen(called);
    if (called[0] == '/' || length >= PATH_MAX || ::getcwd(path.data(), PATH_MAX - 1) == nullptr) return called;
    const std::size_t used = std::strlen(path.data());
    path[used] = '/';
    std::memcpy(&path[used + 1], called, length);
    return path.data();
}

char* map(int descriptor, std::size_t size, int protection) noexcept {
    void* const begin = ::mmap(nullptr, size, protection, MAP_SHARED, descriptor, 0);
    return begin == MAP_FAILED ? nullptr : static_cast<char*>(begin);
}

int memory_file(const char* name) noexcept {
    // Newer kernels want to hear that it is to be executed; older ones do not know the word.
    const int made = ::memfd_create(name, MFD_CLOEXEC | MFD_EXEC);
    return made < 0 && errno == EINVAL ? ::memfd_create(name, MFD_CLOEXEC) : made;
}

}  // namespace

int main(int, char** arguments) {
    const char* const path = own_path();
    const int self = ::open(path, O_RDONLY | O_CLOEXEC);
    struct stat known{};
    if (self < 0 || ::fstat(self, &known) != 0) fail(path, "the executable cannot be read");
    const auto size = static_cast<std::size_t>(known.st_size);
    const char* const begin = map(self, size, PROT_READ);
    const trailer* const inside = begin == nullptr ? nullptr : trailer_of(begin, size);
    if (inside == nullptr) fail(path, "there is no program in this launcher");
    if (inside->compressed > size - sizeof(trailer)) fail(path, "the file is damaged");

    const int program = memory_file(name_in(path));
    if (program < 0 || ::ftruncate(program, static_cast<off_t>(inside->whole)) != 0)
        fail(path, "the system gives no file in memory to unpack it to (memfd_create)");
    char* const unpacked = map(program, inside->whole, PROT_READ | PROT_WRITE);
    const char* const compressed = begin + size - sizeof(trailer) - inside->compressed;
    if (unpacked == nullptr ||
        ZSTD_decompress(unpacked, inside->whole, compressed, inside->compressed) != inside->whole) {
        fail(path, "the file is damaged, or there is too little memory");
    }
    ::munmap(unpacked, inside->whole);
    ::setenv("PYASYNC_EXECUTABLE", path, 1);  // the program takes it out of the environment again
    ::fexecve(program, arguments, environ);
    fail(path, "the system does not execute files in memory");
}
