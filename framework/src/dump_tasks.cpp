// framework/src/dump_tasks.cpp: asking both sides within a time, and putting together what they say.
// SPDX-License-Identifier: MIT
#include <pyasync/dump_tasks.hpp>

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <pyasync/bridge/python_report.hpp>
#include <pyasync/core/fork.hpp>
#include <pyasync/core/misuse.hpp>
#include <pyasync/core/signals.hpp>
#include <pyasync/core/task_report.hpp>
#include <pyasync/core/task_tree.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/gil.hpp>
#include <pyasync/py/into_python.hpp>
#include <pyasync/uv/task_inquiry.hpp>

#include "in_words.hpp"

namespace pyasync {
namespace {

using clock = std::chrono::steady_clock;
using detail::in_words;
using detail::python_report;
using detail::reported_operation;
using detail::task_node;
using detail::task_report;

// ---- C++ ----

/// "a C++ task" is called "C++ task", and by the function that it began with, where that is known.
std::string name_of(const task_report& task) {
    constexpr std::string_view article = "a ";
    std::string name = task.self.what;
    if (name.starts_with(article)) name.erase(0, article.size());
    if (!task.places.empty() && task.places_left_out == 0) {
        name += " " + py::detail::function_name(task.places.back());
    }
    return name;
}

std::string state_of(const task_report& task, bool is_job) {
    std::string state = is_job ? "on libuv's thread pool" : "runs";
    if (task.waits) state = "waits for " + task.waits_for;
    return task.cancelled ? "is cancelled, and " + state : state;
}

/// What is said of something that nobody has described; nothing where the line of who waits for it has said all of it.
std::string not_shown(const reported_operation& operation, const task_report& waiter) {
    if (operation.started.line() != 0) {
        return fmt::format("{} started at {}, not shown: not begun, or ended, or its loop does not answer",
                           operation.what, in_words(operation.started));
    }
    return waiter.waits_for.starts_with(operation.what) ? "" : operation.what;
}

task_node node_of(const task_report& task, const std::string& home) {
    const bool is_job = task.self.what == "a blocking function";
    task_node node;
    node.known_as.push_back(task.self.id);
    node.name = name_of(task);
    node.home = home;
    node.state = state_of(task, is_job);
    for (const std::source_location& each : task.places) node.places.push_back(in_words(each));
    node.places_left_out = task.places_left_out;
    if (task.self.started.line() != 0) node.started = in_words(task.self.started);
    for (const reported_operation& each : task.awaited) node.awaits.push_back({each.id, not_shown(each, task)});
    return node;
}

std::string loop_line(const std::string& name, const uv::task_inquiry::reports& tasks) {
    if (!tasks) return name + ": does not answer, something on its thread does not return";
    return fmt::format("{}: {} task{}", name, tasks->size(), tasks->size() == 1 ? "" : "s");
}

// ---- Python ----

python_report python_says(std::string why_nothing) {
    python_report nothing;
    nothing.loops.push_back("asyncio: " + std::move(why_nothing));
    return nothing;
}

/// Under the GIL.
python_report ask_python(py::python py) {
    try {
        const py::detail::set_aside under_way;
        return detail::report_python(py);
    } catch (const py::python_error& error) {
        return python_says(error.what());
    }
}

/// Somebody who takes the GIL when he can get it. He may have to wait for longer than anybody waits for him.
class messenger {
public:
    static std::shared_ptr<messenger> send() {
        auto made = std::make_shared<messenger>();
        try {
            const detail::all_signals_blocked for_the_new_thread;
            std::thread([made] { made->run(); }).detach();
        } catch (const std::system_error& error) {
            made->arrive(python_says(error.what()));
        }
        return made;
    }
    [[nodiscard]] python_report report_until(clock::time_point end) {
        std::unique_lock lock(mutex_);
        if (!arrived_.wait_until(lock, end, [this] { return report_.has_value(); })) {
            return python_says("does not answer, somebody keeps the GIL");
        }
        return std::move(*report_);
    }

private:
    void run() noexcept {
        try {
            const py::gil held;
            arrive(ask_python(held.token()));
        } catch (const misuse&) {
            arrive(python_says("Python has not begun, or is at its end"));
        } catch (const std::exception& error) {
            arrive(python_says(error.what()));
        }
    }
    void arrive(python_report report) {
        const std::lock_guard lock(mutex_);
        report_ = std::move(report);
        arrived_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable arrived_;
    std::optional<python_report> report_;
};

// ---- Both ----

std::string text_of(python_report python, const std::vector<uv::task_inquiry::reports>& cpp) {
    const std::size_t loops = python.loops.size() + cpp.size();
    std::string text = fmt::format("{} event loop{}\n", loops, loops == 1 ? "" : "s");
    std::vector<task_node> all;
    for (std::size_t i = 0; i < cpp.size(); ++i) {
        if (!cpp[i]) continue;
        for (const task_report& each : *cpp[i]) all.push_back(node_of(each, fmt::format("libuv {}", i)));
    }
    for (task_node& each : python.tasks) all.push_back(std::move(each));
    for (const std::string& line : python.loops) text += "  " + line + "\n";
    for (std::size_t i = 0; i < cpp.size(); ++i) text += "  " + loop_line(fmt::format("libuv {}", i), cpp[i]) + "\n";
    return text + "\n" + detail::tree_of(all);
}

}  // namespace

std::string dump_tasks() {
    constexpr auto patience = std::chrono::milliseconds(250);
    return detail::dump_tasks_within(patience);
}

std::string detail::dump_tasks_within(std::chrono::milliseconds patience) {
    if (in_forked_child()) return "a forked child: its parent has the tasks\n";
    const auto end = clock::now() + patience;
    uv::task_inquiry cpp;
    if (!py::detail::holds_gil()) {
        const auto python = messenger::send();
        auto tasks = cpp.answers(end);
        return text_of(python->report_until(end), tasks);
    }
    python_report python = ask_python(py::detail::token_maker::make());
    std::vector<uv::task_inquiry::reports> tasks;
    std::exception_ptr failed;
    py::detail::into_python([&] {
        // Somebody on a loop thread may want the GIL before he answers.
        PyThreadState* const mine = PyEval_SaveThread();
        try {
            tasks = cpp.answers(end);
        } catch (...) {
            failed = std::current_exception();
        }
        PyEval_RestoreThread(mine);
    });
    if (failed) std::rethrow_exception(failed);
    return text_of(std::move(python), tasks);
}

}  // namespace pyasync
