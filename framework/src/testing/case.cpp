// framework/src/testing/case.cpp: one way through a case, from its event loop to what is left of it.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <pyasync/bridge/spawn.hpp>
#include <pyasync/bridge/with_gil.hpp>
#include <pyasync/core/as_task.hpp>
#include <pyasync/core/cancellation.hpp>
#include <pyasync/core/exception_group.hpp>
#include <pyasync/core/unretrieved.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/convert_containers.hpp>
#include <pyasync/py/ending.hpp>
#include <pyasync/py/reclaim.hpp>
#include <pyasync/runtime.hpp>
#include <pyasync/testing.hpp>

#include "../in_words.hpp"
#include "../interrupts.hpp"
#include "census.hpp"
#include "session.hpp"
#include "time_limit.hpp"
#include "watch.hpp"

namespace pyasync::testing::detail {
namespace {

using pyasync::detail::asyncio_inbox;
using pyasync::detail::in_words;
using pyasync::detail::loop_runner;
using pyasync::detail::root;
using pyasync::detail::started_at;

/// A loop that has not answered by then is taken for blocked.
constexpr auto patience = std::chrono::seconds(1);

using body_function = std::function<task<>(py::object event_loop)>;

/// By which doctest ends what a REQUIRE stands in, and of which it has told: that, what became of it in Python, or several
/// of these.
bool is_failed_assertion(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const doctest::detail::TestFailureException&) {
        return true;
    } catch (const py::python_error& raised) {
        return raised.matches("_pyasync_testing.FailedAssertion");
    } catch (const exception_group& several) {
        return std::ranges::all_of(several.errors(), &is_failed_assertion);
    } catch (...) {
        return false;
    }
}

/// What C++ operations have failed with, and nobody has taken.
class unretrieved_errors {
public:
    unretrieved_errors() : outer_(begin()) {}
    unretrieved_errors(const unretrieved_errors&) = delete;
    unretrieved_errors& operator=(const unretrieved_errors&) = delete;
    ~unretrieved_errors() { pyasync::detail::observer_of_unretrieved = outer_; }

    struct entry {
        std::source_location started;
        std::exception_ptr error;
    };
    static std::vector<entry> take() {
        const std::lock_guard lock(all().mutex);
        return std::exchange(all().entries, {});
    }

private:
    struct store {
        std::mutex mutex;
        std::vector<entry> entries;
    };
    static pyasync::detail::unretrieved_observer begin() {
        take();
        return pyasync::detail::observer_of_unretrieved.exchange(&note);
    }
    // Never destroyed: what has been left behind may end while the process exits.
    static store& all() {
        static auto* const only = new store;
        return *only;
    }
    static void note(const std::source_location& started, const pyasync::detail::task_locals_base*,
                     std::exception_ptr error) noexcept {
        if (pyasync::detail::is_cancellation(error) || is_failed_assertion(error)) return;
        const std::lock_guard lock(all().mutex);
        all().entries.push_back({started, std::move(error)});
    }

    pyasync::detail::unretrieved_observer outer_;
};

/// What a way through a case has come to.
struct outcome {
    /// Claims that do not hold, in the words of a report, and why.
    std::vector<std::pair<std::string, std::string>> problems;
    std::exception_ptr error;
    std::string passed;     ///< by that error: the `co_await`s
    int signal_code = 0;    ///< the exit code, where a signal has ended it
    bool may_go_on = true;  ///< can other cases run after it?

    void add(const std::string& claim, const std::string& why) {
        const auto known = std::ranges::find(problems, claim, &std::pair<std::string, std::string>::first);
        if (known == problems.end()) {
            problems.emplace_back(claim, why);
        } else {
            known->second += "\n" + why;
        }
    }

    void take(const py::python_error& raised) {
        // Its text alone: it would keep what the case has used.
        error = std::make_exception_ptr(std::runtime_error(raised.what()));
    }

    void take(py::python py, root<void>& main) {
        if (!main.outcome.failed()) return;
        error = main.outcome.take_error();
        if (is_failed_assertion(error)) {
            error = std::make_exception_ptr(doctest::detail::TestFailureException());
            return;
        }
        try {
            std::rethrow_exception(error);
        } catch (const py::python_error&) {
            take(py::python_error::from(pyasync::detail::exception_of(py, main, error)));
        } catch (...) {
            // As it is: doctest may know how to tell of it. (And an assertion has told already.)
            const auto trail = main.take_trail();
            if (trail == nullptr) return;
            for (const std::source_location& where : trail->passed) {
                passed += fmt::format("{}awaited at {}", passed.empty() ? "" : "\n          ", in_words(where));
            }
        }
    }
};

std::string text_of(const py::bound& tools, const std::exception_ptr& error) {
    return tools.attr("text_of")(py::to_python_exception(tools.py(), error)).str();
}

/// Waits for what has been asked to end, and says what nobody has asked: what still runs after that.
///
/// Something may be at its last step, on one of the loops, or a request to end may be on its way there: whatever has
/// been sent arrives within a round through all of them.
std::vector<std::string> still_running(const py::bound& loop, const asyncio_inbox& inbox, const py::bound& tools,
                                       const census& before) {
    constexpr int rounds = 3;
    constexpr double moment = 0.002;
    for (int quiet = 0;;) {
        census on_libuv = take_census(inbox, patience, before.all);
        const py::bound tasks = tools.attr("unfinished")(loop);
        const py::bound asked = tasks[0];
        const py::bound others = tasks[1];
        if (!on_libuv.complete)
            on_libuv.others.emplace_back("a loop thread that is blocked: something does not return");
        if (on_libuv.empty() && !asked && !others) return {};
        const bool some_are_asked = asked || !on_libuv.asked_to_end.empty();
        if (!on_libuv.complete || (!some_are_asked && ++quiet == rounds)) {
            std::vector<std::string> names = std::move(on_libuv.others);
            for (const py::bound& task : others) names.push_back("a Python task: " + task.repr());
            return names;
        }
        tools.attr("go_on")(loop, asked, some_are_asked ? moment : 0.0);
    }
}

/// Runs it on an event loop of its own, which is gone when this returns.
outcome run_on_loops(py::python py, const session& tests, const python_watch& watch, const py::bound& tools,
                     const body_function& body, const std::source_location& where) {
    outcome result;
    const auto limit = tests.limit();
    const auto shutdown = tests.how().shutdown_timeout;
    const doctest::TestCaseData& which = tests.running();
    loop_runner runner(py, tests.how());
    const py::bound loop = runner.locals().event_loop(py);
    asyncio_inbox& inbox = runner.locals().state()->inbox();
    watch.object().call_method("watch", loop);
    const census before = take_census(inbox, patience);  // of plain cases, which are asked for nothing
    time_limit guard({fmt::format("\"{}\" ({}:{})", which.m_name, which.m_file.c_str(), which.m_line), limit,
                      2 * shutdown + patience, watch.object().attr("interruptible").to<bool>()},
                     loop, inbox, tools);
    try {
        result.take(py, *run_root(py, runner, body(loop.unbind()), where));
        py.import("gc").attr("collect")();
        for (const std::string& name : still_running(loop, inbox, tools, before)) {
            result.add(tools.attr("ENDED").to<std::string>(), name);
        }
    } catch (const py::python_error& error) {
        // Where the time is up, it is that the event loop was stopped.
        if (!guard.struck()) result.take(error);
    }
    if (runner.signal() != 0) result.signal_code = pyasync::detail::exit_by_signal + runner.signal();
    guard.clean_up_begins();
    if (guard.struck()) {
        result.error = nullptr;
        result.add(fmt::format("the case ends within {} s", std::chrono::duration<double>(*limit).count()),
                   "see stderr for what it waits for");
    }
    if (!runner.close()) {
        result.add(fmt::format("what is cancelled ends within {} ms", shutdown.count()),
                   "see stderr for what is left behind");
        result.may_go_on = loops_answer(patience);
    }
    return result;
}

/// A thread may have been about to: of Python's, which asyncio has to wait for a subprocess, or of libuv's pool.
void let_go_what_is_kept(const py::bound& tools) {
    constexpr auto long_enough = std::chrono::milliseconds(250);
    constexpr double moment = 0.005;
    const auto end = std::chrono::steady_clock::now() + long_enough;
    while (tools.attr("anything_kept")() && std::chrono::steady_clock::now() < end) {
        tools.attr("sleep")(moment);
        py::detail::reclaim(tools.py());
    }
}

outcome run_watched(py::python py, const session& tests, const body_function& body, const std::source_location& where) {
    const py::bound tools = watch_tools(py);
    tools.attr("overlook_what_is_there")();
    const unretrieved_errors unretrieved;
    const python_watch watch(tools);
    outcome result = run_on_loops(py, tests, watch, tools, body, where);
    const bool all_is_over = result.may_go_on && result.signal_code == 0;
    // What the loops' threads have let go of: when they have answered, they have done so; and what dies with that.
    for (int round = 0; all_is_over && round < 2; ++round) {
        result.may_go_on = loops_answer(patience);
        py::detail::reclaim(py);
        py.import("gc").attr("collect")();
    }
    for (const auto& [started, error] : unretrieved_errors::take()) {
        const std::string from = started.line() == 0 ? "" : started_at(started) + "\n";
        result.add(tools.attr("RETRIEVED").to<std::string>(), from + text_of(tools, error));
    }
    const bool is_whole = result.problems.empty() && all_is_over;
    if (is_whole) let_go_what_is_kept(tools);
    for (const py::bound& line : tools.attr("leaked")()) {
        if (is_whole) result.add(tools.attr("GONE").to<std::string>(), line.str());
    }
    for (const py::bound& each : watch.object().attr("found")) result.add(each[0].str(), each[1].str());
    pyasync::py::detail::flush_streams(py);
    return result;
}

void run(const body_function& body, const std::source_location& where) {
    session& tests = session::current();
    const outcome result = with_gil([&](py::python py) { return run_watched(py, tests, body, where); });
    for (const auto& [claim, why] : result.problems) tests.fail(claim.c_str(), why);
    if (result.signal_code != 0) {
        tests.fail("the run is not interrupted", "a signal has ended it");
        tests.stop(result.signal_code);
    } else if (!result.may_go_on) {
        tests.fail("other cases can run", "a loop thread is blocked: something on it does not return");
        tests.stop(EXIT_FAILURE);
    }
    if (result.error == nullptr) return;
    if (result.passed.empty()) std::rethrow_exception(result.error);
    DOCTEST_INFO(result.passed);
    std::rethrow_exception(result.error);
}

task<> on_a_thread(void (*function)(), std::source_location where) {
    pyasync::detail::untraced<future<void>> running(spawn_blocking(function, where));
    co_await std::move(running);
}

}  // namespace

void run_case(task<> (*body)(), const std::source_location& where) {
    run([body](const py::object&) { return body(); }, where);
}

void run_case(task<> (*body)(py::object), const std::source_location& where) {
    run([body](py::object event_loop) { return body(std::move(event_loop)); }, where);
}

void run_blocking_case(void (*body)(), const std::source_location& where) {
    run([&](const py::object&) { return on_a_thread(body, where); }, where);
}

}  // namespace pyasync::testing::detail
