// tests/bench/peers/nanobind/module.cpp: the glue between asyncio and a C++ thread as it is written today.
// SPDX-License-Identifier: MIT
#include <nanobind/nanobind.h>

#include <atomic>
#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "python_future.hpp"
#include "worker_thread.hpp"

namespace nb = nanobind;

namespace {

/// A coroutine that runs by itself and is not waited for.
struct detached {
    struct promise_type {
        detached get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
    };
};

/// The module's class: a background thread, tied to one asyncio loop. All references to Python are taken and dropped
/// with the GIL held.
class background {
public:
    explicit background(nb::object loop)
        : loop_(std::move(loop)),
          run_coroutine_threadsafe_(nb::module_::import_("asyncio").attr("run_coroutine_threadsafe")),
          thread_(std::make_unique<worker_thread>()) {}

    background(const background&) = delete;
    background& operator=(const background&) = delete;
    ~background() { close(); }

    /// Ends the thread, when it has run all that it was given.
    void close() {
        nb::gil_scoped_release released;
        thread_.reset();
    }

    void restart() { numbers_ = 0; }
    long crossings() const { return numbers_; }

    /// way=executor: what an executor's thread calls, without the GIL.
    long blocking_nop() { return ++numbers_; }

    /// way=threadsafe: an asyncio future that the background thread resolves with the next number.
    nb::object nop() {
        nb::object future = loop_.attr("create_future")();
        thread_->post([this, waiting = nb::object(future).release()] {
            long number = ++numbers_;
            nb::gil_scoped_acquire gil;
            resolve(nb::steal(waiting), number);
        });
        return future;
    }

    /// An asyncio future of the sum of `count` values of the Python coroutine `function`, which C++ on the background
    /// thread awaits one after another.
    nb::object await_sequential(nb::object function, long count) {
        return on_thread(std::move(function),
                         [this, count](nb::handle f, nb::handle sum) { sequential(f, count, sum); });
    }

    /// The same, `in_flight` at once, each by a C++ coroutine that takes the GIL for itself.
    nb::object await_at_once(nb::object function, long count, long in_flight) {
        return on_thread(std::move(function), [this, count, in_flight](nb::handle f, nb::handle sum) {
            std::make_shared<crowd>(*this, f, count, in_flight, sum)->next_batch();
        });
    }

    /// The same, all of a batch started while the GIL is held once.
    nb::object await_batched(nb::object function, long count, long in_flight) {
        return on_thread(std::move(function),
                         [this, count, in_flight](nb::handle f, nb::handle sum) { batched(f, count, in_flight, sum); });
    }

private:
    using job = std::function<void(nb::handle function, nb::handle sum)>;

    /// Batches of coroutines, each of which awaits one call; the last of a batch starts the next batch.
    struct crowd : std::enable_shared_from_this<crowd> {
        crowd(background& b, nb::handle f, long n, long at_once, nb::handle s)
            : owner(b), function(f), left(n), in_flight(at_once), sum(s) {}

        void next_batch() {
            if (left == 0) {
                owner.finish(function, sum, total);
                return;
            }
            running = left < in_flight ? left : in_flight;
            left -= running;
            for (long i = 0, batch = running; i < batch; ++i) {
                one(shared_from_this());
            }
        }

        static detached one(std::shared_ptr<crowd> self) {
            python_future future = self->owner.start(self->function);
            self->total += co_await future;
            if (--self->running == 0) {
                self->next_batch();
            }
        }

        background& owner;
        nb::handle function;
        long left;
        long in_flight;
        nb::handle sum;
        long running = 0;
        long total = 0;
    };

    /// Makes an asyncio future for the sum and runs the job on the thread. Both references end in `finish`.
    nb::object on_thread(nb::object function, job run) {
        nb::object sum = loop_.attr("create_future")();
        thread_->post([run = std::move(run), f = function.release(), s = nb::object(sum).release()] { run(f, s); });
        return sum;
    }

    python_future start(nb::handle function) {
        nb::gil_scoped_acquire gil;
        return python_future::start(*thread_, run_coroutine_threadsafe_, function, loop_);
    }

    detached sequential(nb::handle function, long count, nb::handle sum) {
        long total = 0;
        for (long i = 0; i < count; ++i) {
            python_future future = start(function);
            total += co_await future;
        }
        finish(function, sum, total);
    }

    detached batched(nb::handle function, long count, long in_flight, nb::handle sum) {
        long total = 0;
        std::vector<python_future> futures;
        while (count > 0) {
            long batch = count < in_flight ? count : in_flight;
            count -= batch;
            start_all(function, batch, futures);
            for (python_future& future : futures) {
                total += co_await future;
            }
        }
        finish(function, sum, total);
    }

    void start_all(nb::handle function, long batch, std::vector<python_future>& futures) {
        nb::gil_scoped_acquire gil;
        futures.clear();
        for (long i = 0; i < batch; ++i) {
            futures.push_back(python_future::start(*thread_, run_coroutine_threadsafe_, function, loop_));
        }
    }

    void finish(nb::handle function, nb::handle sum, long total) {
        nb::gil_scoped_acquire gil;
        nb::steal(function).reset();
        resolve(nb::steal(sum), total);
    }

    void resolve(nb::object future, long value) {
        loop_.attr("call_soon_threadsafe")(future.attr("set_result"), value);
    }

    nb::object loop_;
    nb::object run_coroutine_threadsafe_;
    std::atomic<long> numbers_{0};
    std::unique_ptr<worker_thread> thread_;
};

}  // namespace

NB_MODULE(bench_nanobind, module) {
    nb::class_<background>(module, "Background")
        .def(nb::init<nb::object>(), nb::arg("loop"))
        .def("close", &background::close)
        .def("restart", &background::restart)
        .def("crossings", &background::crossings)
        .def("blocking_nop", &background::blocking_nop, nb::call_guard<nb::gil_scoped_release>())
        .def("nop", &background::nop)
        .def("await_sequential", &background::await_sequential, nb::arg("function"), nb::arg("count"))
        .def("await_at_once", &background::await_at_once, nb::arg("function"), nb::arg("count"), nb::arg("in_flight"))
        .def("await_batched", &background::await_batched, nb::arg("function"), nb::arg("count"), nb::arg("in_flight"));
}
