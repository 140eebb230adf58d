// apps/tested/order.hpp: what is tested: a C++ service, whose prices come from Python.
// SPDX-License-Identifier: MIT
#pragma once

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <pyasync/pyasync.hpp>

/// What the items cost together, "tea cake" for one; they are asked for at the same time.
inline pyasync::task<int> total(std::string items) {
    std::istringstream words(items);
    std::vector<pyasync::future<int>> asked;
    for (std::string item; words >> item;) asked.push_back(pyasync::spawn(pyasync::call<int>("shop:price", item)));
    int sum = 0;
    for (const int price : co_await pyasync::when_all(std::move(asked))) sum += price;
    co_return sum;
}
