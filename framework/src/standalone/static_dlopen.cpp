// framework/src/standalone/static_dlopen.cpp: what dlopen() is in a fully static executable: a clear refusal.
// SPDX-License-Identifier: MIT
#include <cstdio>

// The linker gives these every call of dlopen() and its like (--wrap). glibc's own would load a library together with
// another glibc, of exactly the version that this file was linked with, if the host has that; and no extension module,
// since it would not find CPython. Without them, glibc's are not even in the file.
namespace {

// As long as a path may be, and some words.
thread_local char fault[4096 + 256];
thread_local bool has_fault = false;

// What dlopen(nullptr) gives: ctypes asks for it when it is imported.
char program = 0;

template <class... Arguments>
void* refuse(const char* format, Arguments... arguments) noexcept {
    std::snprintf(fault, sizeof fault, format, arguments...);
    has_fault = true;
    return nullptr;
}

}  // namespace

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier, readability-identifier-naming): the linker makes these names.

void* __wrap_dlopen(const char* file, int flags) noexcept;
void* __wrap_dlsym(void* handle, const char* symbol) noexcept;
void* __wrap_dlvsym(void* handle, const char* symbol, const char* version) noexcept;
int __wrap_dlclose(void* handle) noexcept;
char* __wrap_dlerror() noexcept;

void* __wrap_dlopen(const char* file, int) noexcept {
    if (file == nullptr) return &program;
    return refuse(
        "%s: this program is a fully static file and cannot load shared libraries; with MODE EMBEDDED it could", file);
}

void* __wrap_dlsym(void*, const char* symbol) noexcept {
    return refuse("%s: this program is a fully static file, in which nothing can be found by its name", symbol);
}

void* __wrap_dlvsym(void* handle, const char* symbol, const char*) noexcept { return __wrap_dlsym(handle, symbol); }

int __wrap_dlclose(void*) noexcept { return 0; }

char* __wrap_dlerror() noexcept {
    char* const last = has_fault ? static_cast<char*>(fault) : nullptr;
    has_fault = false;
    return last;
}

// NOLINTEND(bugprone-reserved-identifier, readability-identifier-naming)
}  // extern "C"
