// tests/uv/faults/faults_test.cpp: whatever fails, a program gets an error, leaves nothing behind, and can try again.
// SPDX-License-Identifier: MIT
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <new>
#include <random>
#include <set>
#include <system_error>
#include <thread>

#include <pyasync/core/exception_group.hpp>
#include <pyasync/core/signals.hpp>
#include "scenarios.hpp"

namespace pyasync::test::faults {
namespace {

using namespace std::chrono_literals;

/// Ends the program where something takes too long, and says what.
class deadline {
public:
    explicit deadline(std::string what) {
        static const bool started = start();
        static_cast<void>(started);
        const std::lock_guard lock(mutex);
        now = std::move(what);
        end = std::chrono::steady_clock::now() + 10s;
    }
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;
    ~deadline() {
        const std::lock_guard lock(mutex);
        now.clear();
    }

private:
    static bool start() {
        const detail::all_signals_blocked for_the_new_thread;
        std::thread([] {
            for (;; std::this_thread::sleep_for(100ms)) {
                const std::lock_guard lock(mutex);
                if (now.empty() || std::chrono::steady_clock::now() < end) continue;
                std::fprintf(stderr, "%s: does not end\n", now.c_str());
                std::abort();
            }
        }).detach();
        return true;
    }

    inline static std::mutex mutex;
    inline static std::string now;
    inline static std::chrono::steady_clock::time_point end;
};

/// The numbers of the open descriptors, but for the look's own.
std::set<std::string> descriptors() {
    std::set<std::string> open;
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const auto what = std::filesystem::read_symlink(each, gone);
        if (!gone && what.native().find("/fd") == std::string::npos) {
            open.insert(each.path().filename().native() + " is " + what.native());
        }
    }
    return open;
}

bool has_children() { return ::waitpid(-1, nullptr, WNOHANG) >= 0; }

/// What is wrong with what a scenario has thrown; empty where that is an error as they are meant to be.
std::string complaint_about(const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const exception_group& several) {
        for (const std::exception_ptr& each : several.errors()) {
            if (std::string complaint = complaint_about(each); !complaint.empty()) return complaint;
        }
    } catch (const std::bad_alloc&) {
    } catch (const std::system_error&) {  // as uv::error and tls_error are
    } catch (const std::exception& other) {
        return other.what();
    } catch (...) {
        return "something that is no std::exception";
    }
    return {};
}

struct outcome {
    std::vector<unsigned> calls;
    bool failed = false;
};

/// Runs it with this fault; complains of whatever must not be.
outcome run(const scenario& one, const fault& with = {}, unsigned descriptors_left = any_number) {
    std::string what = std::string(one.name) + ", " + with.to_string();
    if (descriptors_left != any_number) what += ", with " + std::to_string(descriptors_left) + " descriptors more";
    INFO(what);
    const deadline soon(what);
    std::vector<fault> plan = one.usual;
    plan.push_back(with);
    const auto before = descriptors();
    outcome ended;
    prepare(plan, descriptors_left);
    try {
        one.run();
    } catch (...) {
        ended.failed = true;
        CHECK(complaint_about(std::current_exception()) == "");
    }
    ended.calls = end();
    const auto after = descriptors();
    std::string left;
    for (const std::string& each : after) left += before.contains(each) ? "" : each + "\n";
    CHECK(left == "");
    CHECK(before.size() == after.size());
    CHECK_FALSE(has_children());
    return ended;
}

/// What libuv, and others, make once in a process, they make here.
void warm_up(const scenario& one) {
    const deadline soon(one.name);
    prepare(one.usual);
    one.run();
    end();
}

/// The same without a fault has to succeed.
outcome succeed(const scenario& one) {
    INFO(one.name);
    outcome ended = run(one);
    CHECK_FALSE(ended.failed);
    return ended;
}

std::minstd_rand& chance() {
    static const unsigned seed = [] {
        const char* const given = std::getenv("PYASYNC_TEST_SEED");
        const auto chosen =
            given == nullptr ? std::random_device()() : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
        std::printf("PYASYNC_TEST_SEED=%u\n", chosen);
        return chosen;
    }();
    static std::minstd_rand generator(seed);
    return generator;
}

/// The first three, and one of the others.
std::vector<unsigned> chosen_of(unsigned calls) {
    constexpr unsigned always = 3;
    std::vector<unsigned> chosen;
    for (unsigned call = 1; call <= std::min(calls, always); ++call) chosen.push_back(call);
    if (calls > always) chosen.push_back(std::uniform_int_distribution<unsigned>(always + 1, calls)(chance()));
    return chosen;
}

TEST_CASE("each call that fails is an error or no harm, and the next time all is well") {
    std::set<std::size_t> met;
    int faults = 0;
    int errors = 0;
    for (const scenario& one : scenarios()) {
        warm_up(one);
        const std::vector<unsigned> calls = succeed(one).calls;
        for (std::size_t function = 0; function < calls.size(); ++function) {
            if (calls[function] > 0) met.insert(function);
            for (const unsigned call : chosen_of(calls[function])) {
                for (const way how : {way::refused, way::again, way::in_the_end}) {
                    if (!is_possible(function, how)) continue;
                    errors += run(one, {function, call, how}).failed ? 1 : 0;
                    succeed(one);
                    ++faults;
                }
            }
        }
    }
    for (std::size_t function = 0; function < functions().size(); ++function) {
        INFO(functions()[function]);
        CHECK(met.contains(function));
    }
    std::printf("%d faults, %d of which were errors\n", faults, errors);
}

TEST_CASE("without descriptors, there is an error, until there are enough of them") {
    for (const scenario& one : scenarios()) {
        if (one.starts_loop) continue;  // libuv 1.44 leaves some open where it cannot make a loop
        warm_up(one);
        for (unsigned more = 0; run(one, {}, more).failed; ++more) REQUIRE(more < 64);
        succeed(one);
    }
}

}  // namespace
}  // namespace pyasync::test::faults

int main(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], "--functions") == 0) {
        for (const char* const each : pyasync::test::faults::functions()) std::puts(each);
        return 0;
    }
    doctest::Context context(argc, argv);
    return context.run();
}
