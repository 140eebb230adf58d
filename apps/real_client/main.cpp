// apps/real_client/main.cpp: aiohttp does real I/O for C++: 200 requests at once, every body checked.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

namespace py = pyasync::py;

namespace {

constexpr int page_count = 200;
constexpr int connections = 50;

/// A py::object has one owner; what many tasks use they share like any other C++ object.
using shared_object = std::shared_ptr<const py::object>;

/// Calls a method of a Python object, and awaits what it returns.
pyasync::task<std::string> get_page(shared_object client, int number) {
    co_return co_await co_await pyasync::on_asyncio(
        [&](py::python py) { return pyasync::into_future<std::string>(client->bind(py).call_method("get", number)); });
}

std::string expected_page(int number) {
    std::string text;
    for (int line = 0; line <= number; ++line) text += fmt::format("page {}\n", number);
    return text;
}

pyasync::task<int> run() {
    const py::object site = co_await pyasync::call("pages:open_site");
    const auto client = std::make_shared<const py::object>(co_await pyasync::on_asyncio([&](py::python py) {
        return py.import("pages").attr("Client")(site.bind(py).attr("url"), connections).unbind();
    }));

    // Spawned first, awaited afterwards: all of them run at the same time, whatever order they end in.
    std::vector<pyasync::future<std::string>> pages;
    for (int number = 0; number < page_count; ++number) pages.push_back(pyasync::spawn(get_page(client, number)));

    int right = 0;
    std::size_t bytes = 0;
    for (int number = 0; auto& page : pages) {
        const std::string text = co_await std::move(page);
        bytes += text.size();
        if (text == expected_page(number++)) ++right;
    }
    fmt::print("{} requests, {} bodies as they should be, {} bytes\n", page_count, right, bytes);

    const int most_at_once =
        co_await pyasync::on_asyncio([&](py::python py) { return site.bind(py).attr("most_at_once").to<int>(); });
    fmt::print("the server has had {} requests at once\n", most_at_once);

    for (const py::object* closing : {client.get(), &site}) {
        co_await co_await pyasync::on_asyncio(
            [closing](py::python py) { return pyasync::into_future(closing->bind(py).call_method("close")); });
    }
    co_return right == page_count ? 0 : 1;
}

}  // namespace

PYASYNC_MAIN(run)
