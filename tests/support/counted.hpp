// tests/support/counted.hpp: a value whose copies, moves and lives are counted.
// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <utility>

namespace pyasync::test {

/// Carries a number and keeps a tally of all values of its type, on any thread.
class counted {
public:
    explicit counted(int number) noexcept : number_(number) { ++made; }
    counted(const counted& other) noexcept : number_(other.number_) {
        ++made;
        ++copies;
    }
    counted(counted&& other) noexcept : number_(std::exchange(other.number_, moved_from)) {
        ++made;
        ++moves;
    }
    counted& operator=(const counted&) = delete;
    ~counted() {
        ++destroyed;
        if (destroyed_already_) ++destroyed_twice;
        destroyed_already_ = true;
    }

    [[nodiscard]] int number() const noexcept { return number_; }

    static constexpr int moved_from = -1;
    inline static std::atomic<int> made = 0;
    inline static std::atomic<int> copies = 0;
    inline static std::atomic<int> moves = 0;
    inline static std::atomic<int> destroyed = 0;
    inline static std::atomic<int> destroyed_twice = 0;

private:
    int number_;
    bool destroyed_already_ = false;
};

/// For the length of a test: counting begins anew, and at the end every value that was made has been destroyed, once.
class census {
public:
    census() { counted::made = counted::copies = counted::moves = counted::destroyed = counted::destroyed_twice = 0; }
    census(const census&) = delete;
    census& operator=(const census&) = delete;
    ~census() {
        CHECK(alive() == 0);
        CHECK(counted::destroyed_twice == 0);
    }

    [[nodiscard]] static int alive() noexcept { return counted::made - counted::destroyed; }
};

}  // namespace pyasync::test
