// tests/compile_fail/call_passes_what_has_no_converter.cpp: an argument that Python has no value for.
// SPDX-License-Identifier: MIT
// error: this type has no way to Python: specialise pyasync::py::converter<T> with to_python(py, value)
#include <pyasync/bridge/call.hpp>
#include <pyasync/core/task.hpp>

namespace call_passes_what_has_no_converter {

class unknown {
public:
    explicit unknown(int number) : number_(number) {}
    [[nodiscard]] int number() const { return number_; }

private:
    int number_;
};

inline pyasync::task<> use() {
#ifdef MISUSE
    co_await pyasync::call("os:kill", unknown(1), 15);
#else
    co_await pyasync::call("os:kill", 1, 15);
#endif
}

}  // namespace call_passes_what_has_no_converter
