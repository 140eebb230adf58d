// apps/real_client/main.cpp: aiohttp does real I/O for C++: 200 requests at once, every body checked.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <pyasync/pyasync.hpp>

namespace py = pyasync::py;

namespace {

constexpr int page_count = 200;
constexpr int connections = 50;

/// A py::object has one owner; what many tasks use they share, like any other C++ object.
using shared_object = std::shared_ptr<const py::object>;

/// `await object.method(args...)`
template <typename T = py::object, typename... Args>
pyasync::task<T> await_method(shared_object object, const char* method, Args... args) {
    co_return co_await co_await pyasync::on_asyncio(
        [&](py::python py) { return pyasync::into_future<T>(object->bind(py).call_method(method, args...)); });
}

std::string expected_page(int number) {
    std::string text;
    for (int line = 0; line <= number; ++line) text += fmt::format("page {}\n", number);
    return text;
}

/// Reads all pages at the same time; returns how many of them are as they should be.
pyasync::task<int> read_pages(shared_object client) {
    std::vector<pyasync::future<std::string>> pages;
    for (int number = 0; number < page_count; ++number) {
        pages.push_back(pyasync::spawn(await_method<std::string>(client, "get", number)));
    }
    int right = 0;
    std::size_t bytes = 0;
    for (int number = 0; auto& page : pages) {
        const std::string text = co_await std::move(page);
        bytes += text.size();
        if (text == expected_page(number++)) ++right;
    }
    fmt::print("{} requests, {} bodies as they should be, {} bytes\n", page_count, right, bytes);
    co_return right;
}

pyasync::task<int> run() {
    const auto site = std::make_shared<const py::object>(co_await pyasync::call("pages:open_site"));
    const auto client = std::make_shared<const py::object>(co_await pyasync::on_asyncio([&](py::python py) {
        return py.import("pages").attr("Client")(site->bind(py).attr("url"), connections).unbind();
    }));

    // However it ends, by Ctrl-C, say, both are closed; and since no co_await may stand in a handler, that comes after
    // it.
    int right = 0;
    std::exception_ptr failure;
    try {
        right = co_await read_pages(client);
    } catch (...) {
        failure = std::current_exception();
    }
    co_await await_method(client, "close");
    co_await await_method(site, "close");
    if (failure) std::rethrow_exception(failure);

    const int most_at_once =
        co_await pyasync::on_asyncio([&](py::python py) { return site->bind(py).attr("most_at_once").to<int>(); });
    fmt::print("the server has had {} requests at once\n", most_at_once);
    co_return right == page_count ? 0 : 1;
}

}  // namespace

PYASYNC_MAIN(run)
