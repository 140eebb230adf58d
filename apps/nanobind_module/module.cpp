// apps/nanobind_module/module.cpp: a class that nanobind binds, whose methods are coroutines.
// SPDX-License-Identifier: MIT
#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <pyasync/nanobind.hpp>
#include <pyasync/pyasync.hpp>

namespace nb = nanobind;
using namespace nanobind::literals;
using namespace std::chrono_literals;

namespace {

/// Lives in C++; Python holds it, and so does every coroutine of its methods.
class mailbox {
public:
    explicit mailbox(std::string owner) : owner_(std::move(owner)) {}

    pyasync::task<int> deliver(std::string letter) {
        co_await pyasync::uv::sleep(5ms);
        letters_.push_back(std::move(letter));
        co_return static_cast<int>(letters_.size());
    }
    /// Empties the box.
    pyasync::task<std::vector<std::string>> collect() {
        co_await pyasync::uv::sleep(5ms);
        co_return std::exchange(letters_, {});
    }
    [[nodiscard]] const std::string& owner() const { return owner_; }

private:
    std::string owner_;
    std::vector<std::string> letters_;
};

/// Another object by shared pointer: a coroutine takes its arguments by value.
pyasync::task<int> forward(std::shared_ptr<mailbox> from, std::shared_ptr<mailbox> to) {
    int count = 0;
    for (std::string& letter : co_await from->collect()) count = co_await to->deliver(std::move(letter));
    co_return count;
}

}  // namespace

NB_MODULE(nanobind_module, m) {
    nb::class_<mailbox>(m, "Mailbox")
        .def(nb::init<std::string>(), "owner"_a)
        .def("deliver", &mailbox::deliver, "letter"_a)
        .def("collect", &mailbox::collect)
        .def_prop_ro("owner", &mailbox::owner);
    m.def("forward", &forward, "source"_a, "target"_a);
}
