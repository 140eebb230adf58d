// docs/examples/callback.cpp: a coroutine awaits what tells its end by a callback.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <functional>
#include <thread>
#include <utility>

#include <pyasync/pyasync.hpp>

namespace {

// [service]
/// Somebody's library: it answers on a thread of its own.
class service {
public:
    void ask(std::function<void(int)> answered) {
        thread_ = std::thread([answered = std::move(answered)] { answered(42); });
    }
    ~service() { thread_.join(); }

private:
    std::thread thread_;
};
// [/service]

// [promise]
pyasync::task<int> ask(service& one) {
    pyasync::promise<int> reply;
    pyasync::future<int> value = reply.get_future();
    one.ask([reply = std::move(reply)](int n) { reply.set_value(n); });
    co_return co_await std::move(value);
}
// [/promise]

pyasync::task<> run() {
    service one;
    fmt::print("{}\n", co_await ask(one));
}

}  // namespace

PYASYNC_MAIN(run)
