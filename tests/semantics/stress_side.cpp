// tests/semantics/stress_side.cpp: the C++ nodes of a random plan: they do what it says, and tell what they saw.
// SPDX-License-Identifier: MIT
#include "stress_side.hpp"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <pyasync/core/promise.hpp>

namespace py = pyasync::py;
using namespace std::chrono_literals;
using pyasync::async_generator;
using pyasync::call;
using pyasync::cancelled;
using pyasync::future;
using pyasync::task;

// stress/plan.py says what the words mean, stress/side.py is the same in Python.

namespace {

/// What it is, how much of it, and which nodes or gates it is about.
using step = std::tuple<std::string, int, std::vector<int>>;

struct node_plan {
    int id;
    std::string side, form, action;
    step delay;
    int items, leave, ahead;
    std::string ending, reaction;
    std::vector<step> steps;

    explicit node_plan(const py::bound& from)
        : id(from.attr("id").to<int>()),
          side(from.attr("side").to<std::string>()),
          form(from.attr("form").to<std::string>()),
          action(from.attr("action").to<std::string>()),
          delay(from.attr("delay").to<step>()),
          items(from.attr("items").to<int>()),
          leave(from.attr("leave").to<int>()),
          ahead(from.attr("ahead").to<int>()),
          ending(from.attr("ending").to<std::string>()),
          reaction(from.attr("reaction").to<std::string>()),
          steps(from.attr("steps").to<std::vector<step>>()) {}
};

using nodes = std::map<int, node_plan>;

/// The plan that is carried out, and what is known of it. Any thread.
class round_state {
public:
    /// Never destroyed: threads add to it while the process exits.
    static round_state& current() {
        static auto* const only = new round_state;
        return *only;
    }

    void begin(nodes plan) {
        const std::lock_guard lock(mutex_);
        plan_ = std::make_shared<const nodes>(std::move(plan));
        records_.clear();
        opened_.clear();
        waiting_.clear();
    }

    /// The node of the plan, which lives as long as anybody has this.
    [[nodiscard]] std::shared_ptr<const node_plan> node(int id) {
        const std::lock_guard lock(mutex_);
        return {plan_, &plan_->at(id)};
    }

    void record(int id, std::string what, std::string how) {
        const std::lock_guard lock(mutex_);
        records_.emplace_back(id, std::move(what), std::move(how));
    }
    [[nodiscard]] std::vector<std::tuple<int, std::string, std::string>> records() {
        const std::lock_guard lock(mutex_);
        return records_;
    }

    void open(int gate) {
        std::optional<pyasync::promise<>> waiting;
        {
            const std::lock_guard lock(mutex_);
            opened_.insert(gate);
            if (const auto found = waiting_.extract(gate)) waiting = std::move(found.mapped());
        }
        if (waiting) waiting->set_value();
    }
    /// A gate has one who waits for it.
    [[nodiscard]] task<> opened(int gate) {
        pyasync::promise<> telling;
        future<> told = telling.get_future();
        {
            const std::lock_guard lock(mutex_);
            if (opened_.contains(gate)) co_return;
            waiting_.emplace(gate, std::move(telling));
        }
        co_await std::move(told);
    }

    std::atomic<int> live{0};  ///< coroutine frames of nodes
    std::size_t loop_threads = 1;

private:
    round_state() = default;

    std::mutex mutex_;
    std::shared_ptr<const nodes> plan_ = std::make_shared<const nodes>();
    std::vector<std::tuple<int, std::string, std::string>> records_;
    std::set<int> opened_;
    std::map<int, pyasync::promise<>> waiting_;
};

round_state& state() { return round_state::current(); }

constexpr int items_of_a_node = 1000;
constexpr auto to_clean_up = 200us;

// ---- What something has ended with, in words that both sides use. ----

std::string value_of(int value) { return fmt::format("value {}", value); }

std::string outcome_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const cancelled&) {
        return "cancelled";
    } catch (const pyasync::timed_out&) {
        return "timed out";
    } catch (const pyasync::exception_group&) {
        return "raised several";
    } catch (const std::exception& e) {
        const auto* const of_python = dynamic_cast<const py::python_error*>(&e);
        if (of_python != nullptr && of_python->matches("BaseExceptionGroup")) return "raised several";
        const std::string text = e.what();
        // Its own mark is the last one: those before it are of the exceptions during whose handling it was raised.
        static const std::regex marked("<(\\d+)>");
        std::string id;
        for (std::sregex_iterator each(text.begin(), text.end(), marked), end; each != end; ++each) id = each->str(1);
        if (!id.empty()) return "raised " + id;
        if (text.find("event loop of this task is closed") != std::string::npos) return "loop closed";
        return "other: " + text;
    }
}

// ---- Nodes. ----

/// A node's coroutine frame, from its first step to its end.
class frame {
public:
    explicit frame(int id) : plan(state().node(id)) {
        state().live.fetch_add(1);
        state().record(id, "start", "");
    }
    frame(const frame&) = delete;
    frame& operator=(const frame&) = delete;
    ~frame() {
        if (!ended_) state().record(plan->id, "end", "destroyed");
        state().live.fetch_sub(1);
    }

    void ends(std::string how) {
        ended_ = true;
        state().record(plan->id, "end", std::move(how));
    }

    const std::shared_ptr<const node_plan> plan;

private:
    bool ended_ = false;
};

task<> perform(step each);

void finish(const node_plan& plan) {
    const std::string marked = fmt::format("<{}>", plan.id);
    if (plan.ending == "raise") throw std::out_of_range(marked);
    if (plan.ending == "raise_other") throw std::runtime_error(marked);
    if (plan.ending == "cancel") throw cancelled();
}

/// Cleans up behind a cancellation; returns what comes of it: null where it is swallowed.
task<std::exception_ptr> react(const node_plan& plan, std::exception_ptr interruption) {
    try {
        if (plan.reaction != "unwind") co_await pyasync::uv::sleep(to_clean_up);
        if (plan.reaction == "call") co_await call("asyncio:sleep", 0);
    } catch (...) {
        co_return std::current_exception();
    }
    if (plan.reaction == "swallow") co_return nullptr;
    if (plan.reaction == "fail") co_return std::make_exception_ptr(std::out_of_range(fmt::format("<{}>", plan.id)));
    co_return std::move(interruption);
}

struct ending {
    bool interrupted;
    std::exception_ptr error;  ///< null for a good end
};

/// What a node makes of what its steps have ended with.
task<ending> end_of(const node_plan& plan, std::exception_ptr error) {
    const bool interrupted = error && outcome_of(error) == "cancelled";
    try {
        if (!error) finish(plan);
    } catch (...) {
        error = std::current_exception();
    }
    if (interrupted) error = co_await react(plan, std::move(error));
    co_return ending{interrupted, std::move(error)};
}

task<int> node(int id) {
    frame here(id);
    std::exception_ptr error;
    try {
        for (const step& each : here.plan->steps) co_await perform(each);
    } catch (...) {
        error = std::current_exception();
    }
    const ending end = co_await end_of(*here.plan, std::move(error));
    const int value = end.interrupted ? -id : id;
    here.ends(end.error ? outcome_of(end.error) : value_of(value));
    if (end.error) std::rethrow_exception(end.error);
    co_return value;
}

async_generator<int> items(int id) {
    frame here(id);
    std::exception_ptr error;
    try {
        auto next = here.plan->steps.begin();
        for (int i = 0; i < here.plan->items; ++i) {
            if (next != here.plan->steps.end()) co_await perform(*next++);
            co_yield id* items_of_a_node + i;
        }
        for (; next != here.plan->steps.end(); ++next) co_await perform(*next);
    } catch (...) {
        error = std::current_exception();
    }
    const ending end = co_await end_of(*here.plan, std::move(error));
    here.ends(end.error ? outcome_of(end.error) : "end");
    if (end.error) std::rethrow_exception(end.error);
}

// ---- Edges: how a node awaits another one, and what it does to it. ----

task<int> in_line(std::shared_ptr<const node_plan> child) {
    if (child->side == "python") co_return co_await call<int>("stress.side:node", child->id);
    co_return co_await node(child->id);
}

task<future<int>> start(std::shared_ptr<const node_plan> child) {
    if (child->form == "spawned") co_return pyasync::spawn(call<int>("stress.side:node", child->id));
    if (child->form == "future") {
        co_return co_await pyasync::on_asyncio(
            [](py::python p, int id) { return pyasync::into_future<int>(p.import("stress.side").attr("node")(id)); },
            child->id);
    }
    co_return pyasync::spawn(in_line(std::move(child)));
}

task<std::string> awaited(std::shared_ptr<const node_plan> child) {
    if (child->action == "none" && child->form == "plain") co_return value_of(co_await in_line(child));
    if (child->action == "timeout") {
        const std::chrono::microseconds length(std::get<int>(child->delay));
        co_return value_of(co_await pyasync::timeout(length, in_line(child)));
    }
    future<int> running = co_await start(child);
    if (child->action != "none") co_await perform(child->delay);
    if (child->action == "cancel") running.cancel();
    if (child->action == "cancel_elsewhere") {
        auto* const known = &running;
        co_await pyasync::spawn_blocking([known] { known->cancel(); });
    }
    if (child->action == "drop") {
        const future<int> dropped = std::move(running);
        co_return "dropped";
    }
    if (child->action == "drop_elsewhere") {
        co_await pyasync::spawn_blocking([](future<int> dropped) { static_cast<void>(dropped.done()); },
                                         std::move(running));
        co_return "dropped";
    }
    if (child->action == "detach") {
        std::move(running).detach();
        co_return "detached";
    }
    co_return value_of(co_await std::move(running));
}

/// Records how many items have come when it goes.
struct item_count {
    explicit item_count(int node) : id(node) {}
    item_count(const item_count&) = delete;
    item_count& operator=(const item_count&) = delete;
    ~item_count() { state().record(id, "items", std::to_string(taken)); }

    int id;
    int taken = 0;
};

task<std::string> consumed(std::shared_ptr<const node_plan> child) {
    item_count count(child->id);
    auto stream = co_await pyasync::on_asyncio(
        [](py::python p, int id, int ahead) {
            return pyasync::into_stream<int>(p.import("stress.side").attr("items")(id),
                                             static_cast<std::size_t>(ahead));
        },
        child->id, child->ahead);
    while (count.taken != child->leave) {
        const auto item = co_await stream.next();
        if (!item) {
            if (co_await stream.next()) co_return "other: an item behind the end";
            co_return "end";
        }
        if (*item != child->id * items_of_a_node + count.taken) co_return fmt::format("other: item {}", *item);
        ++count.taken;
    }
    co_return "left";
}

/// Awaits it, and tells what came; throws that, unless it is what it was asked for.
task<> edge(int id) {
    const auto child = state().node(id);
    std::string seen;
    std::exception_ptr error;
    try {
        if (child->items > 0) {
            seen = co_await consumed(child);
        } else {
            seen = co_await awaited(child);
        }
    } catch (...) {
        error = std::current_exception();
        seen = outcome_of(error);
    }
    state().record(id, "seen", seen);
    if (!error) co_return;
    if (seen == "timed out" && child->action == "timeout") co_return;
    if (seen == "cancelled" && child->action != "none") {
        const bool told_to_end = co_await pyasync::this_task::is_cancelled();
        if (!told_to_end) co_return;
    }
    std::rethrow_exception(error);
}

/// It opens at the latest when all that runs is cancelled: who waits for it may have swallowed that.
task<> open_later(int gate, int microseconds) {
    try {
        co_await pyasync::uv::sleep(std::chrono::microseconds(microseconds));
    } catch (const cancelled&) {
    }
    state().open(gate);
}

task<> perform(step each) {
    const auto& [what, amount, about] = each;
    if (what == "turn") {
        for (int i = 0; i < amount; ++i) co_await pyasync::uv::sleep(0ms);
    } else if (what == "sleep") {
        co_await pyasync::uv::sleep(std::chrono::microseconds(amount));
    } else if (what == "hop") {
        for (int i = 0; i < amount; ++i) co_await call("asyncio:sleep", 0);
    } else if (what == "gate") {
        pyasync::spawn(open_later(about.at(0), amount)).detach();
        co_await state().opened(about.at(0));
    } else if (what == "open") {
        state().open(about.at(0));
    } else if (what == "open_python") {
        co_await call("stress.side:open_gate", about.at(0));
    } else if (what == "forever") {
        co_await pyasync::uv::sleep(1h);
    } else if (what == "await") {
        co_await edge(about.at(0));
    } else if (what == "all") {
        co_await pyasync::when_all(about | std::views::transform(&edge));
    } else if (what == "group") {
        co_await pyasync::with_task_group([&](pyasync::task_group& group) -> task<> {
            for (const int child : about) group.spawn(edge(child));
            co_return;
        });
    } else {
        throw std::logic_error("no such step: " + what);
    }
}

// ---- For the Python side. ----

void configure(int threads) {
    state().loop_threads = static_cast<std::size_t>(threads);
    pyasync::uv::loop_pool::instance().configure(state().loop_threads);
}

void begin_round(const py::bound& plan) {
    nodes made;
    for (const py::bound& each : plan) {
        node_plan read(each);
        const int id = read.id;
        made.emplace(id, std::move(read));
    }
    [[maybe_unused]] static const int registered = std::atexit([] {
        if (const int left = state().live.load()) fmt::print(stderr, "C++: {} nodes have not ended\n", left);
    });
    state().begin(std::move(made));
}

std::size_t in_flight() {
    std::size_t found = 0;
    Py_BEGIN_ALLOW_THREADS found = pyasync::uv::loop_pool::instance().in_flight().size();
    Py_END_ALLOW_THREADS return found;
}

/// Calls it on a thread of libuv's pool; on no event loop's behalf, whose end would cancel it.
void call_elsewhere(py::object function) {
    auto call = [called = std::move(function)] {
        try {
            pyasync::with_gil([&](py::python p) { called.bind(p)(); });
        } catch (const std::runtime_error&) {  // the program ends
        }
    };
    pyasync::uv::spawn_blocking(std::move(call), pyasync::uv::loop_pool::instance().next(), {},
                                std::source_location::current())
        .detach();
}

task<> call_python(std::string target, int argument) { co_await call(target, argument); }

}  // namespace

void define_stress_side(pyasync::module_& m) {
    m.def("stress_configure", &configure, {"threads"});
    m.def("stress_begin", &begin_round, {"nodes"});
    m.def("stress_records", [] { return state().records(); });
    m.def("stress_live", [] { return state().live.load(); });
    m.def("stress_in_flight", &in_flight);
    m.def("stress_elsewhere", &call_elsewhere, {"function"});
    m.def("stress_open", [](int gate) { state().open(gate); }, {"gate"});

    m.def("stress_node", &node, {"id"});
    m.def("stress_node_inline", &node, {"id"}, "", {.inline_start = true});
    m.def("stress_node_hot", [](py::python p, int id) { return pyasync::future_into_py(p, node(id)); }, {"id"});
    m.def("stress_items",
          [](py::python p, int id) {
              return pyasync::async_generator_into_py(p, items(id), static_cast<std::size_t>(state().node(id)->ahead));
          },
          {"id"});
    m.def("stress_run",
          [](py::python p, const std::string& loop, bool debug, std::string target, int argument) {
              pyasync::run(p, call_python(std::move(target), argument),
                           {.event_loop = loop, .loop_threads = state().loop_threads, .debug = debug});
          },
          {"loop", "debug", "target", "argument"});
}
