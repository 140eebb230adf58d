// tests/programs/program.cpp: one small program for each way to start, fail, be interrupted and end.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <future>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include <pyasync/pyasync.hpp>

using namespace std::chrono_literals;
using pyasync::arguments;
using pyasync::call;
using pyasync::spawn;
using pyasync::task;
namespace py = pyasync::py;

namespace {

task<> sleep_forever() { co_await pyasync::uv::sleep(24h); }

task<> never_give_in() {
    for (;;) {
        try {
            co_await pyasync::uv::sleep(24h);
        } catch (const pyasync::cancelled&) {
        }
    }
}

task<int> return_seven() { co_return 7; }

task<> say_nothing() { co_return; }

task<> fail_in_cpp() {
    co_await pyasync::uv::sleep(0ms);
    throw std::runtime_error("broken");
}

task<> fail_further_in() { co_await fail_in_cpp(); }

task<> fail_in_python() { co_await call("program_cases:fail", "broken"); }

task<> exit_at_once(arguments line) { co_await call("program_cases:exit_at_once", std::stoi(line.at(2))); }

task<> exit_later(arguments line) { co_await call("program_cases:exit_later", std::stoi(line.at(2))); }

task<> exit_with_message() { co_await call("program_cases:exit_later", "no more"); }

task<> exit_with_none() { co_await call("program_cases:exit_later", py::object()); }

task<> clean_up_when_interrupted() {
    fmt::print("ready\n");
    bool interrupted = false;
    try {
        co_await sleep_forever();
    } catch (const pyasync::cancelled&) {
        interrupted = true;
    }
    co_await call("asyncio:sleep", 0);
    fmt::print("cleaned up: {}\n", interrupted);
    throw pyasync::cancelled();
}

task<> interrupted_in_python() {
    fmt::print("ready\n");
    co_await call("program_cases:wait_forever");
}

task<int> swallow_the_interrupt() {
    fmt::print("ready\n");
    try {
        co_await sleep_forever();
    } catch (const pyasync::cancelled&) {
    }
    co_return 5;
}

task<> cleanup_that_never_ends() {
    fmt::print("ready\n");
    try {
        co_await sleep_forever();
    } catch (const pyasync::cancelled&) {
    }
    fmt::print("cleaning up\n");
    co_await never_give_in();
}

/// Sends SIGTERM to its own process, so many times, when it is cancelled.
task<> terminate_when_cancelled(int times) {
    try {
        co_await sleep_forever();
    } catch (const pyasync::cancelled&) {
    }
    for (int i = 0; i < times; ++i) co_await call("os:kill", ::getpid(), SIGTERM);
    fmt::print("cleaned up\n");
}

task<int> end_terminated(int times) {
    spawn(terminate_when_cancelled(times)).detach();
    co_await pyasync::uv::sleep(0ms);
    co_return 6;
}

task<int> end_terminated_once() { return end_terminated(1); }
task<int> end_terminated_twice() { return end_terminated(2); }

/// As where a native thread does not block signals: the main thread's wait is not interrupted by this one.
task<> signalled_in_another_thread(int number) {
    co_await call("asyncio:sleep", 0);  // the loop runs, and whatever descriptors it has are there
    std::thread([number] {
        sigset_t none;
        ::sigemptyset(&none);
        ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
        ::raise(number);
    }).detach();
    co_await clean_up_when_interrupted();
}

task<> interrupted_in_another_thread() { return signalled_in_another_thread(SIGINT); }
task<> terminated_in_another_thread() { return signalled_in_another_thread(SIGTERM); }

task<> python_that_blocks() {
    fmt::print("ready\n");
    constexpr double long_enough = 3600;
    co_await call("program_cases:block", long_enough);
}

/// A thousand of each kind of wait, none of which would end by itself.
task<> leave_work_in_flight() {
    constexpr int count = 1000;
    for (int i = 0; i < count; ++i) {
        spawn(sleep_forever()).detach();
        spawn(call("program_cases:wait_forever")).detach();
    }
    const auto start = [](py::python p) { return py::function(p, "sleep_forever", &sleep_forever).unbind(); };
    co_await call("program_cases:start_waiting", co_await pyasync::on_asyncio(start), count);
    for (int i = 0; i < 4; ++i) pyasync::spawn_blocking([] { std::this_thread::sleep_for(1ms); }).detach();
}

task<int> leave_what_never_ends() {
    spawn(never_give_in()).detach();
    spawn(call("program_cases:never_give_in")).detach();
    co_await pyasync::uv::sleep(0ms);
    co_await call("asyncio:sleep", 0);
    co_return 3;
}

task<> terminate_forked_child() { fmt::print("{}\n", co_await call<int>("program_cases:terminate_forked_child")); }

task<> exit_with_a_great_number() { co_await call("program_cases:exit_with_a_great_number"); }

task<> leave_exit_at_the_end() { co_await call("program_cases:leave_exit_at_the_end"); }

task<int> leave_job_of_executor() {
    co_await call("program_cases:leave_job_of_executor");
    co_return 3;
}

task<int> leave_threads() {
    co_await call("program_cases:leave_threads");
    co_return 3;
}

task<int> leave_traces() {
    co_await pyasync::on_asyncio([](py::python p) { p.import("program_cases").attr("leave_traces")(); });
    co_return 3;
}

task<int> follow_the_main_thread(std::string then) {
    co_await call("program_cases:follow_the_main_thread", then);
    co_return 3;
}

task<int> leave_what_begins_at_the_end() {
    spawn(call("program_cases:start_what_never_gives_in")).detach();
    co_await call("asyncio:sleep", 0);
    co_return 3;
}

task<> begin_at_the_end() {
    spawn(call("program_cases:start_what_gives_in")).detach();
    co_await call("asyncio:sleep", 0);
}

task<int> block_a_loop_thread() {
    spawn([]() -> task<> {
        for (;;) std::this_thread::sleep_for(1h);
        co_return;
    }())
        .detach();
    co_return 4;
}

task<> stop_the_loop() {
    co_await call("program_cases:stop_the_loop");
    co_await sleep_forever();
}

task<> interleave_output() {
    for (int i = 0; i < 3; ++i) {
        fmt::print("C++ {}\n", i);
        co_await call("program_cases:show", fmt::format("Python {}", i));
    }
}

task<> show_arguments(arguments line) {
    line.erase(line.begin());
    for (const std::string& argument : line) fmt::print("C++: {}\n", argument);
    co_await call("program_cases:show_arguments");
}

task<> show_loop() { fmt::print("{}\n", co_await call<std::string>("program_cases:loop_name")); }

task<> spread_over_threads() {
    constexpr int count = 30;
    std::vector<pyasync::future<std::thread::id>> all;
    const auto where = []() -> task<std::thread::id> {
        co_await pyasync::uv::sleep(0ms);
        co_await call("asyncio:sleep", 0);
        co_return std::this_thread::get_id();
    };
    for (int i = 0; i < count; ++i) all.push_back(spawn(where()));
    std::set<std::thread::id> threads;
    for (auto& each : all) threads.insert(co_await std::move(each));
    fmt::print("{} threads\n", threads.size());
}

task<> call_what_is_missing() { co_await call("no_such_module:f"); }

task<> await_what_cannot_be() {
    co_await pyasync::on_asyncio([](py::python p) { pyasync::into_future(p.value(1)).cancel(); });
}

task<> use_extension_modules() { co_await call("program_cases:use_extension_modules"); }

task<> collect_garbage() { co_await call("program_cases:collect_garbage"); }

/// C++ that waits for Python that waits for C++.
task<> wait_in_cpp() {
    fmt::print("ready\n");
    co_await sleep_forever();
}

task<> wait_on_both_sides() {
    const auto make = [](py::python p) { return py::function(p, "wait_in_cpp", &wait_in_cpp).unbind(); };
    py::object wait = co_await pyasync::on_asyncio(make);
    co_await call("program_cases:await_call_of", std::move(wait));
}

task<> python_that_computes() { co_await call("program_cases:compute_forever"); }

task<> block_the_loop() {
    fmt::print("ready\n");
    std::promise<void>().get_future().wait();
    co_return;
}

task<> block_the_other_loop() {
    spawn(block_the_loop()).detach();
    co_await sleep_forever();
}

/// Python waits for a C++ function that keeps the GIL, for good.
task<> keep_the_gil() {
    co_await pyasync::on_asyncio([](py::python) {
        fmt::print("ready\n");
        std::promise<void>().get_future().wait();
    });
}

using program = std::function<int(int, char**)>;

template <typename Function>
program of(Function function, pyasync::options how = {}) {
    return [=](int argc, char** argv) { return pyasync::run_main(argc, argv, function, how); };
}

const std::map<std::string, program> programs{
    {"return_seven", of(return_seven)},
    {"say_nothing", of(say_nothing)},
    {"fail_in_cpp", of(fail_in_cpp)},
    {"fail_further_in", of(fail_further_in)},
    {"fail_in_python", of(fail_in_python)},
    {"exit_at_once", of(exit_at_once)},
    {"exit_later", of(exit_later)},
    {"exit_with_message", of(exit_with_message)},
    {"exit_with_none", of(exit_with_none)},
    {"clean_up_when_interrupted", of(clean_up_when_interrupted)},
    {"interrupted_in_python", of(interrupted_in_python)},
    {"interrupted_on_uvloop", of(clean_up_when_interrupted, {.event_loop = "uvloop"})},
    {"interrupted_in_another_thread", of(interrupted_in_another_thread)},
    {"terminated_in_another_thread", of(terminated_in_another_thread)},
    {"terminated_in_another_thread_on_uvloop", of(terminated_in_another_thread, {.event_loop = "uvloop"})},
    {"swallow_the_interrupt", of(swallow_the_interrupt)},
    {"cleanup_that_never_ends", of(cleanup_that_never_ends)},
    {"end_terminated_once", of(end_terminated_once)},
    {"end_terminated_twice", of(end_terminated_twice)},
    {"python_that_blocks", of(python_that_blocks)},
    {"wait_on_both_sides", of(wait_on_both_sides, {.debug = true})},
    {"wait_on_both_sides_without_debug", of(wait_on_both_sides)},
    {"wait_on_both_sides_on_uvloop", of(wait_on_both_sides, {.event_loop = "uvloop", .debug = true})},
    {"python_that_computes", of(python_that_computes, {.debug = true})},
    {"block_the_other_loop", of(block_the_other_loop, {.loop_threads = 2, .debug = true})},
    {"keep_the_gil", of(keep_the_gil, {.debug = true})},
    {"leave_work_in_flight", of(leave_work_in_flight)},
    {"leave_work_in_flight_on_uvloop", of(leave_work_in_flight, {.event_loop = "uvloop"})},
    {"leave_work_in_flight_on_three_loops", of(leave_work_in_flight, {.loop_threads = 3})},
    {"leave_what_never_ends", of(leave_what_never_ends, {.shutdown_timeout = 50ms})},
    {"terminate_forked_child", of(terminate_forked_child)},
    {"exit_with_a_great_number", of(exit_with_a_great_number)},
    {"leave_exit_at_the_end", of(leave_exit_at_the_end)},
    {"begin_at_the_end_for_ever", of(begin_at_the_end, {.shutdown_timeout = std::chrono::milliseconds::max()})},
    {"leave_job_of_executor", of(leave_job_of_executor, {.shutdown_timeout = 50ms})},
    {"leave_job_of_executor_on_uvloop", of(leave_job_of_executor, {.event_loop = "uvloop", .shutdown_timeout = 50ms})},
    {"leave_threads", of(leave_threads, {.shutdown_timeout = 50ms})},
    {"leave_traces", of(leave_traces)},
    {"leave_traces_fast", of(leave_traces, {.fast_exit = true})},
    {"leave_thread_that_ends", of([] { return follow_the_main_thread("ends"); })},
    {"leave_thread_that_waits", of([] { return follow_the_main_thread("waits"); })},
    {"leave_what_begins_at_the_end", of(leave_what_begins_at_the_end, {.shutdown_timeout = 50ms})},
    {"begin_at_the_end", of(begin_at_the_end)},
    {"block_a_loop_thread", of(block_a_loop_thread, {.loop_threads = 2, .shutdown_timeout = 50ms})},
    {"stop_the_loop", of(stop_the_loop)},
    {"interleave_output", of(interleave_output)},
    {"show_arguments", of(show_arguments)},
    {"show_loop", of(show_loop)},
    {"show_loop_of_factory", of(show_loop, {.event_loop = "program_cases:make_loop"})},
    {"show_loop_of_uvloop", of(show_loop, {.event_loop = "uvloop"})},
    {"unknown_loop", of(show_loop, {.event_loop = "twisted"})},
    {"missing_loop_module", of(show_loop, {.event_loop = "no_such_module:factory"})},
    {"missing_loop_factory", of(show_loop, {.event_loop = "asyncio:no_such_factory"})},
    {"no_loop_threads", of(show_loop, {.loop_threads = 0})},
    {"spread_over_threads", of(spread_over_threads, {.loop_threads = 3})},
    {"call_what_is_missing", of(call_what_is_missing)},
    {"await_what_cannot_be", of(await_what_cannot_be)},
    {"use_extension_modules", of(use_extension_modules)},
    {"collect_garbage", of(collect_garbage)},
};

}  // namespace

int main(int argc, char** argv) {
    const auto found = argc < 2 ? programs.end() : programs.find(argv[1]);
    if (found == programs.end()) {
        fmt::print(stderr, "usage: program NAME [ARGUMENT]\n");
        return 2;
    }
    return found->second(argc, argv);
}
