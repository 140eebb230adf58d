// tests/semantics/cpp_side.cpp: the C++ side of every cell, the same in an application and in an extension module.
// SPDX-License-Identifier: MIT
#include "cpp_side.hpp"

#include <atomic>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <pyasync/core/promise.hpp>

#include "channel_side.hpp"
#include "event_log.hpp"
#include "stress_side.hpp"

namespace py = pyasync::py;
using namespace std::chrono_literals;
using pyasync::async_generator;
using pyasync::cancelled;
using pyasync::task;

namespace {

event_log& events() { return event_log::of_process(); }

const std::string python_waits = "Python: waits";

/// What Python shows of an exception: its last line.
std::string described(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const cancelled&) {
        return "cancelled";
    } catch (const py::python_error& e) {
        const std::string text = e.what();
        const auto end = text.find_last_not_of('\n') + 1;
        const auto begin = text.rfind('\n', end - 1) + 1;
        return text.substr(begin, end - begin);
    } catch (const std::exception& e) {
        return e.what();
    }
}

// ---- C++ awaits Python. ----

/// Tells what the call has ended with, and passes it on.
task<int> await_python(std::string target) {
    const auto home = std::this_thread::get_id();
    std::exception_ptr error;
    std::optional<int> value;
    try {
        value = co_await pyasync::call<int>(target);
    } catch (...) {
        error = std::current_exception();
    }
    const std::string where = std::this_thread::get_id() == home ? "" : ", away from home";
    events().add("C++: " + (error ? described(error) : std::to_string(*value)) + where);
    if (error) std::rethrow_exception(error);
    co_return *value;
}

/// Lets go of the handle on a call that is under way.
task<> drop_call(std::string target) {
    const auto running = pyasync::spawn(pyasync::call<int>(target));
    co_await events().happened(python_waits);
    events().add("C++: lets go");
}

/// Python's exception where it cannot be awaited, at the call itself.
std::string await_what(const py::bound& candidate) {
    try {
        pyasync::into_future(candidate).cancel();
        return "awaited";
    } catch (const py::python_error& e) {
        return described(std::make_exception_ptr(e));
    }
}

// ---- Python awaits C++. ----

task<int> answer() {
    co_await pyasync::uv::sleep(0ms);
    co_return 42;
}

task<int> fail() {
    co_await pyasync::uv::sleep(0ms);
    throw std::out_of_range("no such item");
}

task<int> cancel_itself() {
    co_await pyasync::uv::sleep(0ms);
    throw cancelled();
}

/// Waits until it is cancelled, and needs a while to clean up.
task<int> wait() {
    events().add("C++: waits");
    bool interrupted = false;
    try {
        co_await pyasync::uv::sleep(1h);
    } catch (const cancelled&) {
        interrupted = true;
    }
    co_await pyasync::uv::sleep(1ms);
    events().add("C++: cleaned up");
    if (interrupted) throw cancelled();
    co_return 0;
}

/// Does not let itself be cancelled: it completes when its event loop has been closed.
task<int> complete_late() {
    events().add("C++: waits");
    try {
        co_await pyasync::uv::sleep(1h);
    } catch (const cancelled&) {
    }
    co_await events().happened("Python: loop closed");
    events().add("C++: completes");
    co_return 42;
}

/// Never at rest, until it is cancelled.
task<int> work() {
    struct unwinding {
        ~unwinding() { events().add("C++: unwound"); }
    } const here;
    events().add("C++: works");
    for (;;) co_await pyasync::uv::sleep(0ms);
}

task<int> fail_with_message() {
    co_await pyasync::uv::sleep(0ms);
    throw std::runtime_error("the disk is full");
}

task<int> throw_what_is_no_exception() {
    co_await pyasync::uv::sleep(0ms);
    throw 42;  // NOLINT(hicpp-exception-baseclass): users do
}

// ---- Streams, Python to C++. ----

void tell_item(int item) { events().add("C++: item " + std::to_string(item)); }

/// Tells every item and the end, or what comes instead of it; then nothing more comes.
task<> consume(py::object iterable) {
    auto items = co_await pyasync::on_asyncio(
        [](py::python p, const py::object& source) { return pyasync::into_stream<int>(source.bind(p), 0); },
        std::move(iterable));
    std::exception_ptr error;
    try {
        while (const auto item = co_await items.next()) tell_item(*item);
    } catch (...) {
        error = std::current_exception();
    }
    events().add("C++: " + (error ? described(error) : "end"));
    if (co_await items.next()) events().add("C++: an item behind the end");
    if (error) std::rethrow_exception(error);
}

/// Lets go of the stream behind its first item.
task<> drop_stream(py::object iterable) {
    auto items = co_await pyasync::on_asyncio(
        [](py::python p, const py::object& source) { return pyasync::into_stream<int>(source.bind(p), 0); },
        std::move(iterable));
    tell_item((co_await items.next()).value());
    events().add("C++: lets go");
}

// ---- Streams, C++ to Python. ----

async_generator<int> count() {
    for (int i = 1; i <= 3; ++i) {
        co_await pyasync::uv::sleep(0ms);
        co_yield i;
    }
}

async_generator<int> count_and_fail() {
    co_yield 1;
    co_yield 2;
    throw std::out_of_range("no such item");
}

async_generator<int> count_and_cancel_itself() {
    co_yield 1;
    co_yield 2;
    throw cancelled();
}

async_generator<int> count_and_wait() {
    co_yield 1;
    co_yield 2;
    co_await wait();
}

/// Goes on for ever, until it is cancelled where it stands.
async_generator<int> count_and_clean_up() {
    bool interrupted = false;
    try {
        for (int i = 1;; ++i) co_yield i;
    } catch (const cancelled&) {
        interrupted = true;
    }
    co_await pyasync::uv::sleep(1ms);
    events().add("C++: cleaned up");
    if (interrupted) throw cancelled();
}

// ---- What becomes of a task that C++ has started, when Python waits for what it awaits. ----

template <typename T>
task<> cancel_when_python_waits(task<T> body) {
    auto running = pyasync::spawn(std::move(body));
    co_await events().happened(python_waits);
    events().add("C++: cancels");
    running.cancel();
    try {
        static_cast<void>(co_await std::move(running));
    } catch (const cancelled&) {
        events().add("C++: goes on");
    }
}

template <typename T>
task<> leave_when_python_waits(task<T> body) {
    pyasync::spawn(std::move(body)).detach();
    co_await events().happened(python_waits);
}

// ---- What exceptions keep. ----

/// Python awaits this, and it awaits Python; fails at the bottom.
task<> descend(int depth, bool in_cpp) {
    if (depth == 0) co_await fail();
    co_await pyasync::call("cases.errors:descend", depth - 1, in_cpp);
}

/// The `what()` of what a call ends with.
task<std::string> report_of(std::string target) {
    try {
        co_await pyasync::call(target);
    } catch (const std::exception& error) {
        co_return error.what();
    }
    co_return "no exception";
}

/// Fails when it is cancelled, so that the order of failures is certain.
task<int> fail_late() {
    try {
        co_await pyasync::uv::sleep(1h);
    } catch (const cancelled&) {
        throw std::invalid_argument("late");
    }
    co_return 0;
}

task<> fail_twice() { co_await pyasync::when_all(fail(), fail_late()); }

task<> fail_within_group() { co_await pyasync::when_all(fail_twice(), fail_late()); }

task<> fail_because_of(std::string target) {
    try {
        co_await pyasync::call(target);
    } catch (...) {
        std::throw_with_nested(std::invalid_argument("no configuration"));
    }
}

task<> load() {
    try {
        co_await fail();
    } catch (...) {
        std::throw_with_nested(std::logic_error("cannot load"));
    }
}

task<> fail_with_causes() {
    try {
        co_await load();
    } catch (...) {
        std::throw_with_nested(std::runtime_error("no service"));
    }
}

// ---- Many crossings. ----

/// Calls `told(number, where)` in each way in which C++ calls Python that does not wait; then awaits `target(number)`.
task<> relay(std::string told, std::string target, int number) {
    co_await pyasync::uv::sleep(0ms);
    co_await pyasync::on_asyncio(
        [](py::python p, const std::string& name, int argument) {
            const auto colon = name.find(':');
            p.import(name.substr(0, colon).c_str()).attr(name.substr(colon + 1).c_str())(argument, "on_asyncio");
        },
        told, number);
    co_await pyasync::call(told, number, "a function that C++ calls");
    co_await pyasync::spawn(pyasync::call(told, number, "a call that C++ spawns"));
    co_await pyasync::call(target, number);
}

// ---- Stopping. ----

task<> call_python(std::string target) { co_await pyasync::call(target); }

task<> leave_to_call_python(std::string target) {
    pyasync::spawn(call_python(std::move(target))).detach();
    co_return;
}

/// As a child of what awaits several.
task<> call_python_within(std::string combinator, std::string target) {
    if (combinator == "when_all") {
        co_await pyasync::when_all(call_python(target), pyasync::uv::sleep(1h));
    } else if (combinator == "when_any") {
        co_await pyasync::when_any(call_python(target), pyasync::uv::sleep(1h));
    } else if (combinator == "with_task_group") {
        co_await pyasync::with_task_group([&](pyasync::task_group&) -> task<> { co_await pyasync::call(target); });
    } else {
        co_await pyasync::timeout(1h, call_python(target));
    }
}

/// How many coroutines wait that count themselves.
std::atomic<int> waiting{0};

task<> wait_quietly() {
    struct counted {
        counted() { ++waiting; }
        counted(const counted&) = delete;
        counted& operator=(const counted&) = delete;
        ~counted() { --waiting; }
    } const here;
    co_await pyasync::uv::sleep(1h);
}

async_generator<int> wait_for_item() {
    co_await wait_quietly();
    co_yield 1;
}

void drop_at_once(const std::string& target) { static_cast<void>(pyasync::spawn(pyasync::call(target))); }

async_generator<int> count_for_ever() {
    for (int i = 1;; ++i) co_yield i;
}

task<> consume_quietly(py::object iterable) {
    auto items = co_await pyasync::on_asyncio(
        [](py::python p, const py::object& source) { return pyasync::into_stream<int>(source.bind(p)); },
        std::move(iterable));
    while (co_await items.next()) continue;
}

task<> never_give_in() {
    for (;;) {
        try {
            co_await pyasync::uv::sleep(1h);
        } catch (const cancelled&) {
        }
    }
}

/// A thread that the framework knows nothing of wants the GIL again and again, until it is turned away.
void start_foreign_thread() {
    std::thread([] {
        try {
            for (;;) pyasync::with_gil([](py::python p) { p.import("math").attr("sqrt")(2); });
        } catch (const std::runtime_error&) {
        }
    }).detach();
}

/// It calls that function in `with_gil`, once.
void call_in_foreign_thread(py::object function) {
    std::thread([](const py::object& called) { pyasync::with_gil([&](py::python p) { called.bind(p)(); }); },
                std::move(function))
        .detach();
}

/// A job on libuv's thread pool that ends only some time after Python has.
void start_job() {
    pyasync::spawn_blocking([] {
        events().add("C++: job");
        events().wait_for("Python: ends");
        std::this_thread::sleep_for(5ms);
    }).detach();
}

/// Many C++ tasks that await Python, and some that do not.
void leave_many(int number, const std::string& target) {
    for (int i = 0; i < number; ++i) {
        pyasync::spawn(pyasync::uv::sleep(1h)).detach();
        pyasync::spawn(pyasync::call(target)).detach();
    }
}

// ---- Loops and threads. ----

task<int> ask(std::string target, int number) { co_return co_await pyasync::call<int>(target, number); }

task<> tell(pyasync::promise<int> asker, task<int> question) {
    try {
        asker.set_value(co_await std::move(question));
    } catch (...) {
        asker.set_exception(std::current_exception());
    }
}

/// A thread that neither Python nor the framework knows of asks; given `locals`, in their name.
task<int> ask_from_foreign_thread(std::string target, int number, std::optional<pyasync::task_locals> locals) {
    pyasync::promise<int> asker;
    pyasync::future<int> answer = asker.get_future();
    std::thread(
        [](pyasync::promise<int> to, task<int> question, std::optional<pyasync::task_locals> in_name_of) {
            if (in_name_of) {
                pyasync::spawn(pyasync::scope(std::move(*in_name_of), tell(std::move(to), std::move(question))))
                    .detach();
            } else {
                pyasync::spawn(tell(std::move(to), std::move(question))).detach();
            }
        },
        std::move(asker), ask(std::move(target), number), std::move(locals))
        .detach();
    co_return co_await std::move(answer);
}

/// A coroutine, and the same as a hot future.
template <typename T>
void define_awaitable(pyasync::module_& m, const std::string& name, task<T> (*body)()) {
    m.def(name.c_str(), body);
    m.def(("hot_" + name).c_str(), [body](py::python p) { return pyasync::future_into_py(p, body()); });
}

/// A generator that never runs ahead of Python, so that the order of events is one.
void define_generator(pyasync::module_& m, const char* name, async_generator<int> (*body)()) {
    m.def(name, [body](py::python p) { return pyasync::async_generator_into_py(p, body(), 0); });
}

}  // namespace

void define_cpp_side(pyasync::module_& m) {
    m.def("record", [](const std::string& event) { events().add(event); }, {"event"});
    m.def("happened", [](std::string event) { return events().happened(std::move(event)); }, {"event"});
    m.def("wait_for",
          [](const std::string& event) {
              Py_BEGIN_ALLOW_THREADS events().wait_for(event);
              Py_END_ALLOW_THREADS
          },
          {"event"});

    m.def("await_python", &await_python, {"target"});
    m.def("drop_call", &drop_call, {"target"});
    m.def("cancel_call", [](std::string target) { return cancel_when_python_waits(await_python(std::move(target))); },
          {"target"});
    m.def("leave_call", [](std::string target) { return leave_when_python_waits(await_python(std::move(target))); },
          {"target"});
    m.def("await_what", &await_what, {"candidate"});

    define_awaitable(m, "answer", &answer);
    define_awaitable(m, "fail", &fail);
    define_awaitable(m, "cancel_itself", &cancel_itself);
    define_awaitable(m, "wait", &wait);
    define_awaitable(m, "complete_late", &complete_late);
    define_awaitable(m, "work", &work);
    m.def("fail_with_message", &fail_with_message);
    m.def("throw_what_is_no_exception", &throw_what_is_no_exception);

    m.def("consume", &consume, {"iterable"});
    m.def("drop_stream", &drop_stream, {"iterable"});
    m.def("cancel_consumer", [](py::object source) { return cancel_when_python_waits(consume(std::move(source))); },
          {"iterable"});
    m.def("leave_consumer", [](py::object source) { return leave_when_python_waits(consume(std::move(source))); },
          {"iterable"});

    define_generator(m, "count", &count);
    define_generator(m, "count_and_fail", &count_and_fail);
    define_generator(m, "count_and_cancel_itself", &count_and_cancel_itself);
    define_generator(m, "count_and_wait", &count_and_wait);
    define_generator(m, "count_and_clean_up", &count_and_clean_up);
    m.def("count_ahead_and_fail", &count_and_fail);

    m.def("descend", &descend, {"depth", "in_cpp"});
    m.def("report_of", &report_of, {"target"});
    m.def("fail_late", &fail_late);
    m.def("fail_within_group", &fail_within_group);
    m.def("fail_because_of", &fail_because_of, {"target"});
    m.def("fail_with_causes", &fail_with_causes);

    m.def("relay", &relay, {"told", "target", "number"});
    m.def("hot_relay",
          [](py::python p, std::string told, std::string target, int number) {
              return pyasync::future_into_py(p, relay(std::move(told), std::move(target), number));
          },
          {"told", "target", "number"});

    define_awaitable(m, "wait_quietly", &wait_quietly);
    m.def("waiting", [] { return waiting.load(); });
    m.def("wait_for_item", &wait_for_item);
    m.def("drop_at_once", &drop_at_once, {"target"});
    m.def("call_python", &call_python, {"target"});
    m.def("call_python_within", &call_python_within, {"combinator", "target"});
    m.def("leave_to_call_python", &leave_to_call_python, {"target"});
    m.def("count_for_ever", &count_for_ever);
    m.def("consume_quietly", &consume_quietly, {"iterable"});
    m.def("leave_what_never_ends", [] { pyasync::spawn(never_give_in()).detach(); });
    m.def("start_foreign_thread", &start_foreign_thread);
    m.def("call_in_foreign_thread", &call_in_foreign_thread, {"function"});
    m.def("start_job", &start_job);
    m.def("leave_many", &leave_many, {"number", "target"});
    m.def("call_back", [](const py::bound& function) { return function().unbind(); }, {"function"});
    m.def("call_and_drop", [](const py::bound& function) { function(); }, {"function"});

    m.def("ask", &ask, {"target", "number"});
    m.def(
        "ask_from_foreign_thread",
        [](std::string target, int number) { return ask_from_foreign_thread(std::move(target), number, std::nullopt); },
        {"target", "number"});
    m.def("ask_from_foreign_thread_here",
          [](py::python p, std::string target, int number) {
              return pyasync::future_into_py(
                  p, ask_from_foreign_thread(std::move(target), number, pyasync::get_current_locals(p)));
          },
          {"target", "number"});
    m.def("run_nested", [](py::python p) { return pyasync::run(p, answer()); });
    m.def("run_nested_until_complete",
          [](py::python p) { return pyasync::run_until_complete(p, pyasync::get_running_loop(p), answer()); });

    define_channel_side(m);
    define_stress_side(m);
}
