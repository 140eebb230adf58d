// tests/semantics/channel_side.cpp: what C++ does at its end of a channel, of which Python has the other one.
// SPDX-License-Identifier: MIT
#include "channel_side.hpp"

#include <cstddef>
#include <string>
#include <utility>

#include "event_log.hpp"

using pyasync::cancelled;
using pyasync::channel;
using pyasync::task;

namespace {

event_log& events() { return event_log::of_process(); }

const std::string cpp_waits = "C++: waits";

void tell_item(int item) { events().add("C++: item " + std::to_string(item)); }

// ---- C++ sends. ----

task<> send_one(channel<int> to, int item) { co_await to.send(item); }

task<> send_and_close(channel<int> to) {
    for (int i = 1; i <= 3; ++i) co_await to.send(i);
    to.close();
}

task<> send_and_cancel_itself(channel<int> to) {
    co_await to.send(1);
    throw cancelled();
}

// ---- C++ receives. ----

task<> receive_one(channel<int> from) { tell_item((co_await from.receive()).value()); }

/// Tells every item and the end, or what comes instead of it.
task<> receive_all(channel<int> from) {
    events().add(cpp_waits);
    try {
        while (const auto item = co_await from.receive()) tell_item(*item);
        events().add("C++: end");
    } catch (const cancelled&) {
        events().add("C++: cancelled");
        throw;
    }
}

task<> cancel_receiver(channel<int> from) {
    auto running = pyasync::spawn(receive_all(std::move(from)));
    co_await events().happened(cpp_waits);
    events().add("C++: cancels");
    running.cancel();
    try {
        co_await std::move(running);
    } catch (const cancelled&) {
        events().add("C++: goes on");
    }
}

task<> drop_receiver(channel<int> from) {
    const auto running = pyasync::spawn(receive_all(std::move(from)));
    co_await events().happened(cpp_waits);
    events().add("C++: lets go");
}

task<> leave_receiver(channel<int> from) {
    pyasync::spawn(receive_all(std::move(from))).detach();
    co_await events().happened(cpp_waits);
}

/// Needs no event loop.
void start_receiving(channel<int> from) { pyasync::spawn(receive_one(std::move(from))).detach(); }

}  // namespace

void define_channel_side(pyasync::module_& m) {
    m.def("channel", [](std::size_t capacity) { return channel<int>(capacity); }, {"capacity"});
    m.def("send", &send_one, {"channel", "item"});
    m.def("send_and_close", &send_and_close, {"channel"});
    m.def("send_and_cancel_itself", &send_and_cancel_itself, {"channel"});
    m.def("receive", &receive_one, {"channel"});
    m.def("receive_all", &receive_all, {"channel"});
    m.def("cancel_receiver", &cancel_receiver, {"channel"});
    m.def("drop_receiver", &drop_receiver, {"channel"});
    m.def("leave_receiver", &leave_receiver, {"channel"});
    m.def("start_receiving", &start_receiving, {"channel"});
}
