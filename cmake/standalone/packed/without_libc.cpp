// cmake/standalone/packed/without_libc.cpp: what the launcher needs of the C library, which would be three quarters of it.
// SPDX-License-Identifier: MIT

// For Linux on x86-64, where the launcher is a fully static program: how it starts, the system calls that it makes, and what
// libzstd needs. Each function does what it does in the C library, as far as those two can tell.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

char** environ = nullptr;

namespace {

int last_error = 0;

long register_of(long number) noexcept { return number; }
long register_of(const void* pointer) noexcept { return reinterpret_cast<long>(pointer); }

template <class... Arguments>
long system_call(long number, Arguments... arguments) noexcept {
    const long all[6] = {register_of(arguments)...};
    register const long fourth asm("r10") = all[3];
    register const long fifth asm("r8") = all[4];
    register const long sixth asm("r9") = all[5];
    asm volatile("syscall"
                 : "+a"(number)
                 : "D"(all[0]), "S"(all[1]), "d"(all[2]), "r"(fourth), "r"(fifth), "r"(sixth)
                 : "rcx", "r11", "memory");
    if (number >= 0 || number < -4095) return number;
    last_error = static_cast<int>(-number);
    return -1;
}

/// In a loop, keeps the compiler from calling what it has seen the loop to be: the function that the loop is in.
void stay_a_loop() noexcept { asm volatile("" ::: "memory"); }

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier, readability-identifier-naming): the C library has these names.
extern "C" {

int run(int count, char** arguments) asm("main");

// The kernel's first words: the count on the stack, and behind it the arguments, and the environment.
asm(R"(
    .globl _start
_start:
    xor %ebp, %ebp
    mov %rsp, %rdi
    and $-16, %rsp
    call start
)");

[[noreturn, gnu::used]] void start(long* stack) noexcept {
    const auto count = static_cast<int>(*stack);
    auto** const arguments = reinterpret_cast<char**>(stack + 1);
    environ = arguments + count + 1;
    // Code that watches over its stack, as libzstd's may, reads a word from here.
    static long thread[8] = {};
    constexpr int set_fs = 0x1002;
    system_call(SYS_arch_prctl, set_fs, thread);
    std::_Exit(run(count, arguments));
}

[[noreturn]] void __stack_chk_fail() { std::_Exit(EXIT_FAILURE); }

// ---- System calls. ----

int* __errno_location() noexcept { return &last_error; }

[[noreturn]] void _Exit(int code) noexcept {
    for (;;) system_call(SYS_exit_group, code);
}

int open(const char* path, int flags, ...) { return static_cast<int>(system_call(SYS_open, path, flags)); }

ssize_t write(int file, const void* data, std::size_t size) { return system_call(SYS_write, file, data, size); }

int fstat(int file, struct stat* known) noexcept { return static_cast<int>(system_call(SYS_fstat, file, known)); }

int ftruncate(int file, off_t size) noexcept { return static_cast<int>(system_call(SYS_ftruncate, file, size)); }

ssize_t readlink(const char* path, char* target, std::size_t size) noexcept {
    return system_call(SYS_readlink, path, target, size);
}

char* getcwd(char* path, std::size_t size) noexcept { return system_call(SYS_getcwd, path, size) < 0 ? nullptr : path; }

void* mmap(void* wanted, std::size_t size, int protection, int flags, int file, off_t offset) noexcept {
    return reinterpret_cast<void*>(system_call(SYS_mmap, wanted, size, protection, flags, file, offset));
}

int munmap(void* begin, std::size_t size) noexcept { return static_cast<int>(system_call(SYS_munmap, begin, size)); }

int memfd_create(const char* name, unsigned flags) noexcept {
    return static_cast<int>(system_call(SYS_memfd_create, name, flags));
}

int fexecve(int file, char* const* arguments, char* const* environment) noexcept {
    return static_cast<int>(system_call(SYS_execveat, file, "", arguments, environment, AT_EMPTY_PATH));
}

// ---- Memory: that of a program which is soon another one. ----

void* malloc(std::size_t size) noexcept {
    void* const begin = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return begin == MAP_FAILED ? nullptr : begin;
}

void* calloc(std::size_t count, std::size_t size) noexcept { return std::malloc(count * size); }

void free(void*) noexcept {}

void* memcpy(void* to, const void* from, std::size_t size) noexcept {
    void* const begin = to;
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return begin;
}

void* memmove(void* to, const void* from, std::size_t size) noexcept {
    if (static_cast<char*>(to) <= from) return std::memcpy(to, from, size);
    while (size-- != 0) {
        static_cast<char*>(to)[size] = static_cast<const char*>(from)[size];
        stay_a_loop();
    }
    return to;
}

void* memset(void* to, int value, std::size_t size) noexcept {
    void* const begin = to;
    asm volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
    return begin;
}

int memcmp(const void* one, const void* other, std::size_t size) noexcept {
    for (std::size_t i = 0; i != size; ++i) {
        const int difference = static_cast<const unsigned char*>(one)[i] - static_cast<const unsigned char*>(other)[i];
        if (difference != 0) return difference;
        stay_a_loop();
    }
    return 0;
}

// ---- Strings. ----

std::size_t strlen(const char* text) noexcept {
    std::size_t size = 0;
    while (text[size] != '\0') {
        ++size;
        stay_a_loop();
    }
    return size;
}

int setenv(const char* name, const char* value, int) noexcept {
    std::size_t count = 0;
    while (environ[count] != nullptr) ++count;
    const std::size_t length = std::strlen(name);
    auto* const line = static_cast<char*>(std::malloc(length + std::strlen(value) + 2));
    auto** const made = static_cast<char**>(std::malloc((count + 2) * sizeof(char*)));
    if (line == nullptr || made == nullptr) return -1;
    std::memcpy(line, name, length);
    line[length] = '=';
    std::memcpy(line + length + 1, value, std::strlen(value) + 1);
    std::size_t used = 0;
    for (std::size_t i = 0; i != count; ++i) {
        if (std::memcmp(environ[i], line, length + 1) != 0) made[used++] = environ[i];
    }
    made[used++] = line;
    made[used] = nullptr;
    environ = made;
    return 0;
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier, readability-identifier-naming)
