// framework/src/uv/getaddrinfo.cpp: looking up names on libuv's thread pool.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/getaddrinfo.hpp>

#include <uv.h>

#include <new>

#include <pyasync/core/task_report.hpp>

namespace pyasync::uv::detail {

/// Outlives its awaiter where that is cancelled: the resolver may be at it for half a minute.
class lookup_request {
public:
    lookup_request(loop& home, getaddrinfo_awaiter& waiter) noexcept : home_(&home), waiter_(&waiter) {
        raw_.data = this;
        ++home_->late_requests();
    }
    lookup_request(const lookup_request&) = delete;
    lookup_request& operator=(const lookup_request&) = delete;
    ~lookup_request() { --home_->late_requests(); }

    [[nodiscard]] int begin(const char* host, const char* service, const addrinfo& hints) noexcept {
        return uv_getaddrinfo(home_->raw(), &raw_, &done, host, service, &hints);
    }

    /// Nobody wants its result any more; one that has not begun never does.
    void abandon() noexcept {
        waiter_ = nullptr;
        uv_cancel(reinterpret_cast<uv_req_t*>(&raw_));
    }

private:
    static void done(uv_getaddrinfo_t* raw, int status, addrinfo* found) noexcept {
        const std::unique_ptr<lookup_request> self(static_cast<lookup_request*>(raw->data));
        std::unique_ptr<addrinfo, getaddrinfo_awaiter::free_list> list(found);
        if (self->waiter_ == nullptr) return;
        getaddrinfo_awaiter& waiter = *std::exchange(self->waiter_, nullptr);
        waiter.found_ = std::move(list);
        waiter.request_ = nullptr;
        waiter.end_later(status);  // the loop may be at its end, when no task continues
    }

    loop* home_;
    uv_getaddrinfo_t raw_{};
    getaddrinfo_awaiter* waiter_;
};

void getaddrinfo_awaiter::free_list::operator()(addrinfo* list) const noexcept { uv_freeaddrinfo(list); }

bool getaddrinfo_awaiter::begin() noexcept {
    // What the system would not read to its end might be another host's name.
    if (host_.find('\0') != std::string::npos || service_.find('\0') != std::string::npos)
        return ended_at_once(UV_EINVAL);
    addrinfo hints{};
    hints.ai_family = hints_.family;
    hints.ai_socktype = hints_.socket_type;
    hints.ai_flags = hints_.flags;
    std::unique_ptr<lookup_request> made(new (std::nothrow) lookup_request(home(), *this));
    if (made == nullptr) return ended_at_once(UV_ENOMEM);
    const int status = made->begin(host_.empty() ? nullptr : host_.c_str(), service_.c_str(), hints);
    if (status < 0) return ended_at_once(status);
    request_ = made.release();
    return true;
}

void getaddrinfo_awaiter::withdraw() noexcept { std::exchange(request_, nullptr)->abandon(); }

std::vector<address> getaddrinfo_awaiter::await_resume() {
    throw_failure();
    std::vector<address> addresses;
    for (const addrinfo* each = found_.get(); each != nullptr; each = each->ai_next) {
        const address one(*each->ai_addr);
        // One is listed for each of its kinds of socket, where the hints leave that open.
        if (one.family() != AF_UNSPEC && (addresses.empty() || !(addresses.back() == one))) addresses.push_back(one);
    }
    return addresses;
}

void getaddrinfo_awaiter::describe(pyasync::detail::task_report& into) const { into.waits_for = "uv::" + subject(); }

std::string getaddrinfo_awaiter::subject() const {
    return "getaddrinfo " + (host_.empty() ? "of this host" : "\"" + host_ + "\"") + ", " + service_;
}

}  // namespace pyasync::uv::detail
