// framework/src/uv/happy_eyeballs.cpp: connecting to whatever address of a host answers first (RFC 8305).
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <pyasync/core/promise.hpp>
#include <pyasync/core/task_group.hpp>
#include <pyasync/core/timed_out.hpp>
#include <pyasync/uv/getaddrinfo.hpp>
#include <pyasync/uv/tcp.hpp>
#include <pyasync/uv/timeout.hpp>

namespace pyasync::uv {
namespace {

constexpr std::chrono::milliseconds between_attempts{250};

/// The family of the first one, and the others, in turn (section 4).
std::vector<address> interleaved(std::vector<address> found) {
    const auto others = std::ranges::stable_partition(
        found, [first = found.front().family()](const address& each) { return each.family() == first; });
    std::vector<address> order;
    auto other = others.begin();
    for (auto own = found.begin(); own != others.begin() || other != found.end();) {
        if (own != others.begin()) order.push_back(*own++);
        if (other != found.end()) order.push_back(*other++);
    }
    return order;
}

class race {
public:
    explicit race(std::vector<address> order) : order_(std::move(order)) {}

    /// The body of a group, in which the attempts run; throws `decided`, which cancels those that are left.
    task<> run(task_group& group) {
        for (const address& each : order_) {
            if (winner_) break;
            promise<> change;
            change_ = change;
            future<> changed = change.get_future();
            group.spawn(attempt(*this, each));
            if (&each == &order_.back()) break;
            try {
                co_await timeout(between_attempts, std::move(changed));
            } catch (const timed_out&) {
            }
        }
        while (!winner_ && failed_ < order_.size()) {
            promise<> change;
            change_ = change;
            co_await change.get_future();
        }
        throw decided();
    }

    [[nodiscard]] tcp result() {
        if (winner_) return std::move(*winner_);
        throw error(first_status_,
                    "connect to one of " + std::to_string(order_.size()) + " addresses (" + tried_ + ")");
    }

    struct decided {};

private:
    static task<> attempt(race& self, address to) {
        try {
            tcp made = co_await tcp::connect(to);
            if (!self.winner_) self.winner_ = std::move(made);
        } catch (const error& failed) {
            ++self.failed_;
            if (self.first_status_ == 0) self.first_status_ = failed.status();
            self.tried_.append(self.tried_.empty() ? "" : ", ").append(to.to_string() + ": " + failed.code().message());
        }
        self.change_.set_value();
    }

    std::vector<address> order_;
    std::optional<tcp> winner_;
    int first_status_ = 0;
    std::string tried_;
    std::size_t failed_ = 0;
    promise<> change_;
};

}  // namespace

task<tcp> tcp::connect(std::vector<address> to) {
    if (to.empty()) throw std::invalid_argument("pyasync: tcp::connect needs an address");
    if (to.size() == 1) co_return co_await connect(to.front());
    race attempts(interleaved(std::move(to)));
    const auto body = [&attempts](task_group& group) { return attempts.run(group); };
    try {
        co_await with_task_group(body);
    } catch (const race::decided&) {
    }
    co_return attempts.result();
}

task<tcp> tcp::connect(std::string host, std::uint16_t port) {
    co_return co_await connect(co_await getaddrinfo(std::move(host), port));
}

}  // namespace pyasync::uv
