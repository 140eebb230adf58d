// tests/python/binding.hpp: a class with coroutines, and how either binding library binds it.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <pyasync/pyasync.hpp>

/// Included by one file of each extension module.
class account {
public:
    explicit account(int balance) : balance_(balance) { ++alive; }
    account(const account&) = delete;
    account& operator=(const account&) = delete;
    ~account() {
        balance_ = -1000;
        --alive;
    }

    pyasync::task<int> deposit(int amount) {
        co_await pyasync::uv::sleep(std::chrono::milliseconds(1));
        if (amount < 0) throw std::invalid_argument("an amount is not negative");
        co_return balance_ += amount;
    }
    /// Works on the object long after Python has lost interest.
    pyasync::task<> watch(std::shared_ptr<account> other) {
        try {
            co_await pyasync::uv::sleep(std::chrono::hours(1));
        } catch (const pyasync::cancelled&) {
        }
        balance_ += other->balance_;
        co_await pyasync::uv::sleep(std::chrono::milliseconds(1));
        last_seen = balance_;
    }
    [[nodiscard]] int balance() const { return balance_; }

    inline static int alive = 0;
    inline static int last_seen = 0;

private:
    int balance_;
};

inline pyasync::task<std::shared_ptr<account>> open_account(int balance) {
    co_await pyasync::uv::sleep(std::chrono::milliseconds(1));
    co_return std::make_shared<account>(balance);
}

inline pyasync::task<std::vector<std::string>> names(int count) {
    co_await pyasync::uv::sleep(std::chrono::milliseconds(1));
    co_return std::vector<std::string>(static_cast<std::size_t>(count), "name");
}

template <typename Class, typename Module, typename Init>
void bind(Module& m, Init init) {
    Class(m, "Account")
        .def(std::move(init))
        .def("deposit", &account::deposit)
        .def("watch", &account::watch)
        .def("balance", &account::balance);
    m.def("open_account", &open_account);
    m.def("names", &names);
    m.def("alive", [] { return account::alive; });
    m.def("last_seen", [] { return account::last_seen; });
}
