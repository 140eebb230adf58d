// framework/src/uv/spawn_blocking.cpp: jobs for libuv's thread pool.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/spawn_blocking.hpp>

#include <uv.h>

#include <pyasync/core/root.hpp>
#include <pyasync/uv/error.hpp>

namespace pyasync::uv::detail {

using pyasync::detail::delivery;
using pyasync::detail::work;

struct blocking_job::request {
    uv_work_t raw{};
    blocking_job* job = nullptr;

    static void execute(uv_work_t* raw) noexcept { static_cast<request*>(raw->data)->job->execute(); }
    static void after(uv_work_t* raw, int status) noexcept {
        const std::unique_ptr<request> self(static_cast<request*>(raw->data));
        self->job->request_ = nullptr;
        self->job->end(status == UV_ECANCELED ? std::make_exception_ptr(cancelled()) : nullptr);
    }
};

void blocking_job::identify_job(pyasync::detail::reported_operation& into) const {
    into.what = "a blocking function";
    into.started = where();
}

void blocking_job::begin() noexcept {
    if (locals_) locals_->root_started();
    home_->post(start_);
}

void blocking_job::start(work& self, delivery how) noexcept {
    blocking_job& job = static_cast<message&>(self).job;
    if (how == delivery::refused) return job.end(pyasync::detail::stopped_error());
    if (job.cancelled_early_) return job.end(std::make_exception_ptr(cancelled()));
    job.home_->running().insert(job);
    try {
        auto made = std::make_unique<request>();
        made->job = &job;
        made->raw.data = made.get();
        check(uv_queue_work(job.home_->raw(), &made->raw, &request::execute, &request::after), "uv_queue_work");
        job.request_ = made.release();
    } catch (...) {
        job.end(std::current_exception());
    }
}

void blocking_job::end(std::exception_ptr error) noexcept {
    over_ = true;
    if (listed()) home_->running().erase(*this);
    const auto carried = std::move(locals_);
    finished(std::move(error));
    if (carried) carried->root_finished();
}

void blocking_job::abandon_here() noexcept { prevent(); }

bool blocking_job::prevent() noexcept {
    if (over_) return false;
    cancelled_early_ = true;  // on the loop's thread a cancellation may overtake a start that came from elsewhere
    return request_ == nullptr || uv_cancel(reinterpret_cast<uv_req_t*>(&request_->raw)) == 0;
}

void blocking_job::post_cancel() noexcept {
    if (cancel_posted_.exchange(true, std::memory_order_acq_rel)) return;
    keep();
    home_->post(cancel_);
}

void blocking_job::cancel_delivered(work& self, delivery how) noexcept {
    blocking_job& job = static_cast<message&>(self).job;
    if (how != delivery::served || !job.prevent()) job.missed_.store(true, std::memory_order_relaxed);
    job.cancel_posted_.store(false, std::memory_order_release);
    job.drop();
}

}  // namespace pyasync::uv::detail
