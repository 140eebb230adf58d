// tests/fuzz/framing_fuzzer.cpp: framing.hpp under libFuzzer, which finds inputs that reach further.
// SPDX-License-Identifier: MIT
#include "framing.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    pyasync::fuzz::framing({data, size});
    return 0;
}
