// docs/examples/store_module.cpp: a class of pybind11's, with a coroutine.
// SPDX-License-Identifier: MIT
#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <utility>

#include <pyasync/pyasync.hpp>
#include <pyasync/pybind11.hpp>

namespace {

class store {
public:
    [[nodiscard]] std::string read(const std::string& key) const {
        return value_of_ + key;
    }  // blocks

    [[nodiscard]] pyasync::task<std::string> read_async(std::string key) const {
        const auto read = [](const store* self, const std::string& k) {
            return self->read(k);
        };
        co_return co_await pyasync::spawn_blocking(read, this, std::move(key));
    }

private:
    std::string value_of_ = "the value of ";
};

}  // namespace

PYBIND11_MODULE(store_module, m) {
    pybind11::class_<store, std::shared_ptr<store>>(m, "Store")
        .def(pybind11::init<>())
        .def("read", &store::read)
        .def("read_async", &store::read_async);
}
