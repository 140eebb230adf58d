// framework/src/standalone/memory_library.cpp: memfd_create, or else mkostemp.
// SPDX-License-Identifier: MIT
#include "memory_library.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

namespace pyasync::detail {
namespace {

std::string in_words(int error) { return std::generic_category().message(error); }

/// False where it could not be written as a whole; `errno` says why.
bool write_all(int descriptor, std::string_view data) noexcept {
    while (!data.empty()) {
        const ssize_t written = ::write(descriptor, data.data(), data.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        data.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

/// A descriptor, or -1.
int memory_file(const std::string& name) noexcept {
    // Newer kernels want to hear that it is to be executed; older ones do not know the word.
    const int made = ::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_EXEC);
    return made < 0 && errno == EINVAL ? ::memfd_create(name.c_str(), MFD_CLOEXEC) : made;
}

/// A path to it that no other one has had before: its number will be another one's.
std::string unique_path(int descriptor) {
    static int made = 0;
    std::string path = "/proc/self/fd/";
    for (int i = 0; i < made; ++i) path += "./";
    ++made;
    return path + std::to_string(descriptor);
}

/// Its descriptor, or -1, and then `failure` gets the reason.
int in_memory(const std::string& name, std::string_view data, std::string& failure) {
    const int descriptor = memory_file(name);
    if (descriptor < 0) {
        failure = "a file in memory (" + in_words(errno) + ")";
        return -1;
    }
    if (::access(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), R_OK) != 0) {
        failure = "a file in memory (there is no /proc to name it by)";
    } else if (!write_all(descriptor, data)) {
        failure = "a file in memory (" + in_words(errno) + ")";
    } else {
        return descriptor;
    }
    ::close(descriptor);
    return -1;
}

bool executes_nothing(const std::string& folder) noexcept {
    struct statvfs known{};
    return ::statvfs(folder.c_str(), &known) == 0 && (known.f_flag & ST_NOEXEC) != 0;
}

std::string in_folder(const std::string& folder, std::string_view data, std::string& failure) {
    if (executes_nothing(folder)) {
        failure += ", " + folder + " (it is mounted noexec)";
        return {};
    }
    std::string path = folder + "/pyasync-XXXXXX";
    const int descriptor = ::mkostemp(path.data(), O_CLOEXEC);
    if (descriptor >= 0) {
        const bool written = write_all(descriptor, data);
        const int error = errno;
        ::close(descriptor);
        if (written) return path;
        ::unlink(path.c_str());
        errno = error;
    }
    failure += ", " + folder + " (" + in_words(errno) + ")";
    return {};
}

}  // namespace

memory_library::memory_library(std::string_view name, std::string_view data) {
    std::string tried;
    descriptor_ = in_memory(std::string(name), data, tried);
    if (descriptor_ >= 0) {
        path_ = unique_path(descriptor_);
        return;
    }
    const char* const wished = std::getenv("TMPDIR");
    for (const char* folder : std::array{wished, "/dev/shm", "/tmp"}) {
        if (folder == nullptr) continue;
        path_ = in_folder(folder, data, tried);
        if (!path_.empty()) return;
    }
    throw std::runtime_error("pyasync: " + std::string(name) +
                             ", which this executable has in it, finds no place to be loaded from; tried: " + tried);
}

memory_library::~memory_library() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    } else {
        ::unlink(path_.c_str());
    }
}

}  // namespace pyasync::detail
