// tests/uv/faults/faults.cpp: libuv's functions, in front of libuv's own, so that each call can fail.
// SPDX-License-Identifier: MIT
#include "faults.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <stdexcept>
#include <string_view>
#include <tuple>
#include <type_traits>

// With the number of their parameters. Those that are missing cannot fail; faults_table_test.py says why.
// clang-format off
#define PYASYNC_TEST_FUNCTIONS(X)                                                                                     \
    X(1, uv_cancel) X(2, uv_cwd) X(6, uv_getaddrinfo) X(1, uv_loop_init) X(4, uv_queue_work)          \
    X(3, uv_ip4_addr) X(3, uv_ip6_addr)                                                                               \
    X(5, uv_fs_chmod) X(4, uv_fs_close) X(4, uv_fs_closedir) X(6, uv_fs_copyfile) X(4, uv_fs_fdatasync)               \
    X(4, uv_fs_fstat) X(4, uv_fs_fsync) X(5, uv_fs_ftruncate) X(4, uv_fs_lstat) X(5, uv_fs_mkdir)                     \
    X(4, uv_fs_mkdtemp) X(4, uv_fs_mkstemp) X(6, uv_fs_open) X(4, uv_fs_opendir) X(7, uv_fs_read) X(4, uv_fs_readdir) \
    X(4, uv_fs_readlink) X(4, uv_fs_realpath) X(5, uv_fs_rename) X(4, uv_fs_rmdir) X(4, uv_fs_stat)                   \
    X(6, uv_fs_symlink) X(4, uv_fs_unlink) X(7, uv_fs_write) X(2, uv_fs_event_init) X(4, uv_fs_event_start)           \
    X(3, uv_pipe_init) X(2, uv_pipe_open) X(3, uv_poll_init) X(3, uv_poll_start) X(3, uv_read_start)                  \
    X(3, uv_try_write) X(5, uv_write) X(2, uv_signal_init) X(3, uv_signal_start)                    \
    X(4, uv_tcp_connect) X(3, uv_tcp_getsockname) X(2, uv_tcp_init) X(3, uv_tcp_keepalive) X(2, uv_tcp_nodelay)       \
    X(2, uv_tcp_open) X(3, uv_tty_get_winsize) X(4, uv_tty_init) X(3, uv_udp_bind)              \
    X(2, uv_udp_connect) X(3, uv_udp_getsockname) X(3, uv_udp_init_ex) X(3, uv_udp_recv_start)                        \
    X(2, uv_udp_set_broadcast) X(4, uv_udp_set_membership) X(2, uv_udp_set_multicast_interface)                       \
    X(2, uv_udp_set_multicast_loop) X(2, uv_udp_set_multicast_ttl) X(4, uv_udp_try_send)
// clang-format on

namespace pyasync::test::faults {
namespace {

#define PYASYNC_TEST_NAME(parameters, function) #function,
constexpr std::array names{PYASYNC_TEST_FUNCTIONS(PYASYNC_TEST_NAME) "uv_tty_set_mode"};

constexpr std::size_t place(std::string_view name) {
    return static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
}

std::atomic<bool> counting{false};
std::array<std::atomic<unsigned>, names.size()> calls;
std::vector<fault> plan;  // does not change while it is used
unsigned left = any_number;
rlimit usual_limit{};

/// How this call is to fail, if it is.
const fault* fault_of_call(std::size_t function) noexcept {
    if (!counting) return nullptr;
    const unsigned number = ++calls[function];
    const auto found =
        std::ranges::find_if(plan, [&](const fault& each) { return each.function == function && each.call == number; });
    return found == plan.end() ? nullptr : &*found;
}

template <typename Function>
Function* real(Function*, const char* name) noexcept {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

template <typename... Args>
constexpr bool is_file_request = false;
template <typename... Rest>
constexpr bool is_file_request<uv_loop_t*, uv_fs_t*, Rest...> = true;

template <std::size_t Function, typename... Args>
int call(int (*libuvs)(Args...), std::type_identity_t<Args>... args) noexcept {
    const fault* const planned = fault_of_call(Function);
    if (planned == nullptr) return libuvs(args...);
    if constexpr (is_file_request<Args...>) {
        const auto all = std::tie(args...);
        uv_fs_cb then = std::get<sizeof...(Args) - 1>(all);
        if (planned->how == way::in_the_end && then != nullptr) {
            static auto* const stat = real(static_cast<decltype(&uv_fs_stat)>(nullptr), "uv_fs_stat");
            return stat(std::get<0>(all), std::get<1>(all), "/dev/null/nothing/is/here", then);
        }
    }
    return planned->how == way::again ? UV_EAGAIN : UV_ENOMEM;
}

template <typename... Args>
std::tuple<Args...> parameters_of(int (*)(Args...));

template <typename Function, std::size_t number>
using parameter = std::tuple_element_t<number, decltype(parameters_of(static_cast<Function*>(nullptr)))>;

}  // namespace

std::span<const char* const> functions() noexcept { return names; }

std::size_t place_of(const std::string& function) {
    const std::size_t found = place(function);
    if (found == names.size()) throw std::invalid_argument(function);
    return found;
}

bool is_possible(std::size_t function, way how) noexcept {
    const std::string_view name = names[function];
    if (how == way::again) return name.find("_try_") != name.npos;
    // What is not closed in the end stays open.
    if (how == way::in_the_end) {
        return name.starts_with("uv_fs_") && !name.starts_with("uv_fs_event") && !name.starts_with("uv_fs_close");
    }
    return true;
}

std::string fault::to_string() const {
    if (function == none) return "no fault";
    const char* const ways[] = {"refused", "EAGAIN", "failing in the end"};
    return std::string(names[function]) + ", call " + std::to_string(call) + ", " + ways[static_cast<int>(how)];
}

void prepare(const std::vector<fault>& planned, unsigned descriptors_left) {
    plan = planned;
    left = descriptors_left;
    for (auto& each : calls) each = 0;
}

void begin() noexcept {
    counting = true;
    ::getrlimit(RLIMIT_NOFILE, &usual_limit);
    if (left == any_number) return;
    rlimit limit = usual_limit;
    limit.rlim_cur = 0;
    for (unsigned free = 0;; ++limit.rlim_cur) {
        if (::fcntl(static_cast<int>(limit.rlim_cur), F_GETFD) < 0 && free++ == left) break;
    }
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::vector<unsigned> end() {
    if (counting.exchange(false)) ::setrlimit(RLIMIT_NOFILE, &usual_limit);
    return {calls.begin(), calls.end()};
}

}  // namespace pyasync::test::faults

// Hidden, so that libuv itself does not call them: what fails is what it tells.
#define P(number, function) pyasync::test::faults::parameter<decltype(function), number> a##number
#define P1(function) P(0, function)
#define P2(function) P1(function), P(1, function)
#define P3(function) P2(function), P(2, function)
#define P4(function) P3(function), P(3, function)
#define P5(function) P4(function), P(4, function)
#define P6(function) P5(function), P(5, function)
#define P7(function) P6(function), P(6, function)
#define A1 a0
#define A2 A1, a1
#define A3 A2, a2
#define A4 A3, a3
#define A5 A4, a4
#define A6 A5, a5
#define A7 A6, a6
#define PYASYNC_TEST_DEFINE(count, function)                                                                       \
    extern "C" __attribute__((visibility("hidden"))) int faulty_##function(P##count(function)) __asm__(#function); \
    extern "C" int faulty_##function(P##count(function)) {                                                         \
        namespace here = pyasync::test::faults;                                                                    \
        static auto* const libuvs = here::real(static_cast<decltype(&function)>(nullptr), #function);              \
        return here::call<here::place(#function)>(libuvs, A##count);                                               \
    }
PYASYNC_TEST_FUNCTIONS(PYASYNC_TEST_DEFINE)

// C++ has two of these.
extern "C" __attribute__((visibility("hidden"))) int faulty_uv_tty_set_mode(uv_tty_t*,
                                                                            uv_tty_mode_t) __asm__("uv_tty_set_mode");
extern "C" int faulty_uv_tty_set_mode(uv_tty_t* terminal, uv_tty_mode_t mode) {
    namespace here = pyasync::test::faults;
    static auto* const libuvs = here::real(static_cast<int (*)(uv_tty_t*, uv_tty_mode_t)>(nullptr), "uv_tty_set_mode");
    return here::call<here::place("uv_tty_set_mode")>(libuvs, terminal, mode);
}
