// tests/uv/getaddrinfo_test.cpp: looking up names: what is found, what is not, and a resolver that does not answer.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/getaddrinfo.hpp>

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <uv.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <optional>
#include <string>
#include <vector>

#include <pyasync/core/task_report.hpp>
#include "support/launch.hpp"
#include "support/run_on.hpp"

namespace {

/// While there is one, whoever looks up "stuck.test" waits.
class stuck_resolver {
public:
    stuck_resolver() { current = this; }
    stuck_resolver(const stuck_resolver&) = delete;
    stuck_resolver& operator=(const stuck_resolver&) = delete;
    ~stuck_resolver() {
        answers();
        while (inside_ != 0) inside_.wait(inside_);
        current = nullptr;
    }

    void wait_until_asked() const { asked_.wait(false); }
    void answers() {
        answers_ = true;
        answers_.notify_all();
    }

    /// In the resolver.
    void hold() {
        ++inside_;
        asked_ = true;
        asked_.notify_all();
        answers_.wait(false);
        --inside_;
        inside_.notify_all();
    }

    inline static std::atomic<stuck_resolver*> current = nullptr;

private:
    std::atomic<int> inside_{0};
    std::atomic<bool> asked_{false};
    std::atomic<bool> answers_{false};
};

}  // namespace

/// In the place of the system's, for libuv.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
    static auto* const systems = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    if (host == nullptr || std::string(host) != "stuck.test") return systems(host, service, hints, found);
    stuck_resolver::current.load()->hold();
    return systems("127.0.0.1", service, hints, found);
}

namespace pyasync::uv {
namespace {

using test::launch;
using test::run_on;
using test::wait_for;

task<std::vector<address>> found(std::string host, std::string service, getaddrinfo_hints hints = {}) {
    co_return co_await getaddrinfo(std::move(host), std::move(service), hints);
}

/// What it throws.
task<std::optional<error>> failure(std::string host, std::string service = "80", getaddrinfo_hints hints = {}) {
    try {
        co_await getaddrinfo(std::move(host), std::move(service), hints);
    } catch (const error& thrown) {
        co_return thrown;
    }
    co_return std::nullopt;
}

TEST_CASE("a name has addresses, on the task's loop") {
    loop home;
    const auto body = [&]() -> task<std::vector<address>> {
        auto addresses = co_await getaddrinfo("localhost", 8080);
        CHECK(home.is_current());
        co_return addresses;
    };
    const auto addresses = wait_for(launch(body(), home));
    REQUIRE_FALSE(addresses.empty());
    for (const address& each : addresses) {
        CHECK(each.port() == 8080);
        CHECK((each.ip() == "127.0.0.1" || each.ip() == "::1"));
    }
}

TEST_CASE("an address in numbers is its own, of either family") {
    loop home;
    const getaddrinfo_hints numbers_only{.flags = AI_NUMERICHOST};
    CHECK(wait_for(launch(found("127.0.0.1", "80", numbers_only), home)) == std::vector{address("127.0.0.1", 80)});
    CHECK(wait_for(launch(found("::1", "443", numbers_only), home)) == std::vector{address("::1", 443)});
}

TEST_CASE("hints choose the family and the kind of host; no address comes twice") {
    loop home;
    CHECK(wait_for(launch(found("", "80", {.family = AF_INET}), home)) == std::vector{address("127.0.0.1", 80)});
    CHECK(wait_for(launch(found("", "80", {.family = AF_INET, .flags = AI_PASSIVE}), home)) ==
          std::vector{address("0.0.0.0", 80)});
    CHECK(wait_for(launch(found("127.0.0.1", "80", {.socket_type = 0}), home)).size() == 1);
}

TEST_CASE("what is not found is an error that names the host") {
    loop home;
    const auto no_address = wait_for(launch(failure("not.a.number", "80", {.flags = AI_NUMERICHOST}), home));
    REQUIRE(no_address);
    CHECK(no_address->code().value() == UV_EAI_NONAME);
    CHECK(std::string(no_address->what()).starts_with("getaddrinfo \"not.a.number\", 80: "));
    const auto no_service = wait_for(launch(failure("127.0.0.1", "no such service"), home));
    REQUIRE(no_service);
    CHECK(std::string(no_service->what()).find("127.0.0.1") != std::string::npos);
}

TEST_CASE("what no name can be is refused before anybody is asked") {
    loop home;
    const auto with_a_null = wait_for(launch(failure(std::string("localhost\0.example", 18)), home));
    REQUIRE(with_a_null);
    CHECK(with_a_null->code().value() == EINVAL);
    CHECK(wait_for(launch(failure(std::string(5000, 'a')), home)));
}

TEST_CASE("a look-up that is cancelled ends at once, however long the resolver takes") {
    loop home;
    stuck_resolver resolver;
    future<std::vector<address>> running = launch(found("stuck.test", "80"), home);
    resolver.wait_until_asked();
    running.cancel();
    CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
    resolver.answers();
    CHECK(wait_for(launch(found("127.0.0.1", "80"), home)).size() == 1);
}

TEST_CASE("a look-up that waits for a thread of the pool can be cancelled") {
    loop home;
    stuck_resolver resolver;
    std::vector<future<std::vector<address>>> running;
    for (int i = 0; i < 8; ++i) running.push_back(launch(found("stuck.test", "80"), home));
    resolver.wait_until_asked();
    for (auto& each : running) each.cancel();
    for (auto& each : running) CHECK_THROWS_AS(wait_for(std::move(each)), cancelled);
}

TEST_CASE("an answer that comes before the cancellation is kept; the next wait throws") {
    loop home;
    stuck_resolver resolver;
    bool kept = false;
    pyasync::detail::task_context* context = nullptr;
    const auto body = [&]() -> task<> {
        context = pyasync::detail::task_context::current();
        kept = (co_await getaddrinfo("stuck.test", 80)).size() == 1;
        co_await getaddrinfo("127.0.0.1", 80);
    };
    future<> running = launch(body(), home);
    resolver.wait_until_asked();
    run_on(home, [&] {
        resolver.answers();
        // libuv hears of it here, and the task when the loop goes on.
        while (home.raw()->active_reqs.count != 0) uv_run(home.raw(), UV_RUN_NOWAIT);
        context->cancel();
    });
    CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
    CHECK(kept);
}

TEST_CASE("a loop that stops does not wait for a resolver") {
    stuck_resolver resolver;
    {
        loop home;
        future<std::vector<address>> waits = launch(found("stuck.test", "80"), home);
        future<std::vector<address>> gave_up = launch(found("stuck.test", "80"), home);
        resolver.wait_until_asked();
        gave_up.cancel();
        CHECK_THROWS_AS(wait_for(std::move(gave_up)), cancelled);
        home.stop();
        CHECK_FALSE(waits.done());
        test::leave_behind(std::move(waits));
        resolver.answers();
    }
}

TEST_CASE("a task that begins elsewhere looks up at home") {
    loop home;
    CHECK(wait_for(test::launch_away(found("127.0.0.1", "80"), home)).size() == 1);
}

TEST_CASE("a report says which name is looked up") {
    loop home;
    stuck_resolver resolver;
    pyasync::detail::task_context* context = nullptr;
    const auto body = [&]() -> task<> {
        context = pyasync::detail::task_context::current();
        co_await getaddrinfo("stuck.test", "https");
    };
    future<> running = launch(body(), home);
    resolver.wait_until_asked();
    pyasync::detail::task_report report;
    run_on(home, [&] { context->describe_wait(report); });
    CHECK(report.waits_for == "uv::getaddrinfo \"stuck.test\", https");
    running.cancel();
    CHECK_THROWS_AS(wait_for(std::move(running)), cancelled);
}

TEST_CASE("a cancellation before a look-up is thrown instead of it") {
    loop home;
    const auto body = []() -> task<> {
        pyasync::detail::task_context::current()->cancel();
        co_await getaddrinfo("127.0.0.1", 80);
    };
    CHECK_THROWS_AS(wait_for(launch(body(), home)), cancelled);
}

}  // namespace
}  // namespace pyasync::uv
