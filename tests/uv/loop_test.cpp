// tests/uv/loop_test.cpp: the loop thread: who reaches it, in which order, and that nobody starves.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/loop.hpp>

#include <dirent.h>
#include <doctest/doctest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <uv.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <deque>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <pyasync/uv/error.hpp>
#include <pyasync/uv/timer_queue.hpp>
#include "support/run_on.hpp"

namespace pyasync::uv {
namespace {

using namespace std::chrono_literals;
using pyasync::detail::delivery;
using pyasync::detail::work;
using test::posted_function;
using test::run_on;

TEST_CASE("a loop runs on a thread of its own, and only that is its own") {
    loop mine, other;
    CHECK_FALSE(mine.is_current());
    CHECK(loop::current() == nullptr);
    std::thread::id mine_id, other_id;
    run_on(mine, [&] {
        mine_id = std::this_thread::get_id();
        CHECK(mine.is_current());
        CHECK_FALSE(other.is_current());
        CHECK(loop::current() == &mine);
    });
    run_on(other, [&] {
        other_id = std::this_thread::get_id();
        CHECK(loop::current() == &other);
    });
    CHECK(mine_id != std::this_thread::get_id());
    CHECK(mine_id != other_id);
}

TEST_CASE("loops are made and destroyed at once, used or not") {
    for (int i = 0; i < 50; ++i) {
        const loop unused;
    }
    for (int i = 0; i < 50; ++i) {
        loop used;
        run_on(used, [] {});
    }
}

TEST_CASE("what several threads post runs on the loop, each thread's in its order") {
    constexpr int threads = 4;
    constexpr int each = 20'000;
    struct item final : work {
        item() noexcept : work(&run) {}
        static void run(work& self, delivery how) noexcept {
            auto& mine = static_cast<item&>(self);
            if (how == delivery::served && loop::current() == mine.where && *mine.next == mine.number) ++*mine.next;
            mine.all->count_down();
        }
        const loop* where = nullptr;
        int* next = nullptr;
        int number = 0;
        std::latch* all = nullptr;
    };
    loop target;
    std::latch all(threads * each);
    std::latch together(threads);
    std::vector<int> next(threads, 0);
    std::vector<std::vector<item>> items;
    for (int t = 0; t < threads; ++t) items.emplace_back(each);
    std::vector<std::jthread> posting;
    for (int t = 0; t < threads; ++t) {
        posting.emplace_back([&, t] {
            auto& own = items[static_cast<std::size_t>(t)];
            together.arrive_and_wait();
            for (int i = 0; i < each; ++i) {
                item& posted = own[static_cast<std::size_t>(i)];
                posted.where = &target;
                posted.next = &next[static_cast<std::size_t>(t)];
                posted.number = i;
                posted.all = &all;
                target.post(posted);
            }
        });
    }
    all.wait();
    run_on(target, [&] { CHECK(next == std::vector<int>(threads, each)); });
}

TEST_CASE("what the loop posts to itself runs after what it is at, in order") {
    loop target;
    std::vector<int> order;
    std::latch over(1);
    posted_function second([&](delivery) { order.push_back(2); });
    posted_function third([&](delivery) {
        order.push_back(3);
        over.count_down();
    });
    run_on(target, [&] {
        target.post(second);
        target.post(third);
        order.push_back(1);
    });
    over.wait();
    CHECK(order == std::vector{1, 2, 3});
}

TEST_CASE("a loop that sleeps wakes up for every item") {
    loop target;
    int count = 0;
    for (int i = 0; i < 2'000; ++i) run_on(target, [&count] { ++count; });
    CHECK(count == 2'000);
}

/// Keeps its thread busy for so long.
void take(detail::clock::duration length) {
    if (length == detail::clock::duration::zero()) return;
    for (const auto end = detail::clock::now() + length; detail::clock::now() < end;) continue;
}

/// Keeps its loop busy with items that post themselves anew, until it is told to stop or `limit` is reached. Each takes
/// `length` at the least.
class flood final : work {
public:
    flood(loop& target, long limit, detail::clock::duration length = {}) noexcept
        : work(&run), target_(&target), limit_(limit), length_(length) {}

    void begin() { target_->post(*this); }
    void stop() noexcept { stopping_ = true; }
    /// Waits for its end; was it told to stop before it reached its limit?
    [[nodiscard]] bool was_stopped() {
        over_.wait();
        return count_ < limit_;
    }

private:
    static void run(work& self, delivery) noexcept {
        auto& mine = static_cast<flood&>(self);
        if (mine.stopping_ || ++mine.count_ >= mine.limit_) return mine.over_.count_down();
        take(mine.length_);
        mine.target_->post(self);
    }
    loop* target_;
    const long limit_;
    const detail::clock::duration length_;
    long count_ = 0;
    std::atomic<bool> stopping_ = false;
    std::latch over_{1};
};

// At some ten million items a second, a hundred times what a fair loop needs.
constexpr long flood_limit = 20'000'000;

/// Is a flood stopped by a timer?
void stop_by_timer(long limit, detail::clock::duration length) {
    struct stopping_entry final : detail::timer_entry {
        explicit stopping_entry(flood& flooding) : flooding_(flooding) {}
        void expired() noexcept override { flooding_.stop(); }
        flood& flooding_;
    };
    loop target;
    flood flooding(target, limit, length);
    stopping_entry entry(flooding);
    run_on(target, [&] {
        flooding.begin();
        target.timers().insert(entry, detail::clock::now() + 1ms);
    });
    CHECK(flooding.was_stopped());
    run_on(target, [&] { target.timers().remove(entry); });
}

TEST_CASE("timers have their turn while work floods the loop") { stop_by_timer(flood_limit, {}); }

TEST_CASE("timers have their turn after two milliseconds, also where each piece of work takes long") {
    stop_by_timer(10, 1ms);
}

/// Very many items that post themselves anew, until a timer has them stopped.
class crowd {
public:
    explicit crowd(loop& target) : target_(target) {
        for (long i = 0; i < size; ++i) members_.emplace_back(*this);
    }
    static constexpr long size = 10'000;

    void begin() {
        for (auto& each : members_) target_.post(each);
        target_.timers().insert(alarm_, detail::clock::now() + 1ms);
    }
    /// Waits for the end; how many have had their turn before what the timer has posted.
    [[nodiscard]] long before_timer() {
        over_.wait();
        return before_;
    }

private:
    struct member final : work {
        explicit member(crowd& all) noexcept : work(&run), of(all) {}
        static void run(work& self, delivery) noexcept {
            crowd& all = static_cast<member&>(self).of;
            ++all.count_;
            if (all.stopping_) return all.over_.count_down();
            take(10us);
            all.target_.post(self);
        }
        crowd& of;
    };
    struct alarm final : detail::timer_entry, work {
        explicit alarm(crowd& all) noexcept : work(&run), of(all) {}
        void expired() noexcept override { of.target_.post(*this); }
        static void run(work& self, delivery) noexcept {
            crowd& all = static_cast<alarm&>(self).of;
            all.before_ = all.count_;
            all.stopping_ = true;
        }
        crowd& of;
    };

    loop& target_;
    std::deque<member> members_;
    alarm alarm_{*this};
    std::latch over_{size};
    bool stopping_ = false;
    long count_ = 0;
    long before_ = 0;
};

TEST_CASE("whom a timer wakes does not stand in line behind all that is ready") {
    loop target;
    crowd all(target);
    run_on(target, [&] { all.begin(); });
    CHECK(all.before_timer() < crowd::size);
}

TEST_CASE("libuv's own handles have their turn while work floods the loop") {
    loop target;
    flood flooding(target, flood_limit);
    uv_timer_t timer{};
    timer.data = &flooding;
    run_on(target, [&] {
        CHECK(uv_timer_init(target.raw(), &timer) == 0);
        CHECK(uv_timer_start(&timer, [](uv_timer_t* fired) { static_cast<flood*>(fired->data)->stop(); }, 1, 0) == 0);
        flooding.begin();
    });
    CHECK(flooding.was_stopped());
    std::latch closed(1);
    timer.data = &closed;
    run_on(target, [&] {
        uv_close(reinterpret_cast<uv_handle_t*>(&timer),
                 [](uv_handle_t* handle) { static_cast<std::latch*>(handle->data)->count_down(); });
    });
    closed.wait();
}

TEST_CASE("other threads' work has its turn while work floods the loop") {
    loop target;
    flood flooding(target, flood_limit);
    flooding.begin();
    run_on(target, [&] { flooding.stop(); });
    CHECK(flooding.was_stopped());
}

TEST_CASE("work has its turn while timers flood the loop") {
    constexpr long limit = 1'000'000;
    struct repeating final : detail::timer_entry {
        explicit repeating(loop& target) : target_(target) {}
        void expired() noexcept override {
            if (stopping || ++count >= limit) return over.count_down();
            target_.timers().insert(*this, detail::clock::now());
        }
        loop& target_;
        bool stopping = false;
        long count = 0;
        std::latch over{1};
    };
    loop target;
    repeating entry(target);
    run_on(target, [&] { target.timers().insert(entry, detail::clock::now()); });
    run_on(target, [&] { entry.stopping = true; });
    entry.over.wait();
    CHECK(entry.count < limit);
}

TEST_CASE("the loop thread leaves all signals to the others") {
    loop target;
    sigset_t blocked;
    run_on(target, [&blocked] { pthread_sigmask(SIG_SETMASK, nullptr, &blocked); });
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGUSR1}) CHECK(sigismember(&blocked, signal) == 1);
    sigset_t here;
    pthread_sigmask(SIG_SETMASK, nullptr, &here);
    CHECK(sigismember(&here, SIGINT) == 0);
}

TEST_CASE("a loop that is being destroyed refuses what comes, and what it had not come to") {
    auto target = std::make_unique<loop>();
    loop& same = *target;
    std::latch busy(1), leave(1);
    posted_function occupying([&](delivery) {
        busy.count_down();
        leave.wait();
    });
    same.post(occupying);
    busy.wait();

    std::optional<delivery> waiting_was;
    posted_function waiting([&](delivery how) { waiting_was = how; });
    same.post(waiting);

    std::jthread destroying([&target] { target.reset(); });
    // The inbox is closed at some time from now on; from then on every item is refused, on this thread.
    std::optional<std::thread::id> refused_on;
    struct probe final : work {
        explicit probe(std::optional<std::thread::id>& on) noexcept : work(&run), refused_on_(&on) {}
        static void run(work& self, delivery how) noexcept {
            if (how == delivery::refused) *static_cast<probe&>(self).refused_on_ = std::this_thread::get_id();
        }
        std::optional<std::thread::id>* refused_on_;
    };
    std::vector<std::unique_ptr<probe>> probes;
    std::optional<std::thread::id> late_refused_on;  // written by the destroying thread
    while (!refused_on) {
        std::optional<std::thread::id> here;
        probes.push_back(std::make_unique<probe>(here));
        same.post(*probes.back());
        refused_on = here;
        if (!here) probes.back()->refused_on_ = &late_refused_on;
    }
    CHECK(*refused_on == std::this_thread::get_id());
    leave.count_down();
    destroying.join();
    REQUIRE(waiting_was.has_value());
    CHECK(*waiting_was == delivery::refused);
}

TEST_CASE("a loop closes the handles that users have left on it") {
    uv_timer_t timer{};
    {
        loop target;
        run_on(target, [&] {
            CHECK(uv_timer_init(target.raw(), &timer) == 0);
            CHECK(uv_timer_start(&timer, [](uv_timer_t*) {}, 3'600'000, 0) == 0);
        });
    }
    CHECK(uv_is_closing(reinterpret_cast<uv_handle_t*>(&timer)) != 0);
}

std::size_t open_descriptors() {
    DIR* const folder = opendir("/proc/self/fd");
    REQUIRE(folder != nullptr);
    std::size_t count = 0;
    while (readdir(folder) != nullptr) ++count;
    closedir(folder);
    return count - 3;  // ".", ".." and the folder's own
}

TEST_CASE("a loop gives its descriptors back") {
    const std::size_t before = open_descriptors();
    {
        loop target;
        run_on(target, [] {});
        CHECK(open_descriptors() > before);
    }
    CHECK(open_descriptors() == before);
}

TEST_CASE("a loop that lacks descriptors is an error, which leaves nothing behind") {
    rlimit usual{};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &usual) == 0);
    std::vector<std::string> failures;
    bool made = false;
    for (std::size_t more = 0; !made && more < 100; ++more) {
        const std::size_t before = open_descriptors();
        rlimit tight = usual;
        tight.rlim_cur = before + more;
        REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
        std::string failure;
        try {
            const loop target;
            made = true;
        } catch (const error& e) {
            failure = e.what();
        }
        REQUIRE(setrlimit(RLIMIT_NOFILE, &usual) == 0);
        // libuv 1.44 leaves a descriptor behind where its own initialisation fails.
        if (!failure.starts_with("uv_loop_init")) CHECK(open_descriptors() == before);
        failures.push_back(failure);
    }
    CHECK(made);
    for (const std::string operation : {"uv_loop_init", "eventfd", "timerfd_create"}) {
        CHECK(std::ranges::count(failures, operation + ": Too many open files") >= 1);
    }
}

}  // namespace
}  // namespace pyasync::uv
