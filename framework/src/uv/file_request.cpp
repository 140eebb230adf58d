// framework/src/uv/file_request.cpp: one request about a file, from its begin to its end.
// SPDX-License-Identifier: MIT
#include "file_request.hpp"

#include <unistd.h>

#include <memory>
#include <new>

#include <pyasync/core/task_report.hpp>

namespace pyasync::uv::detail {
namespace {

std::string quoted(const std::filesystem::path& path) { return '"' + path.native() + '"'; }

/// Has `submit` send a request that nobody waits for; false where that cannot be.
template <typename Submit>
bool send_off(Submit submit) noexcept {
    if (loop::current() == nullptr) return false;
    std::unique_ptr<uv_fs_t> request(new (std::nothrow) uv_fs_t{});
    const auto forget = [](uv_fs_t* done) noexcept {
        uv_fs_req_cleanup(done);
        delete done;
    };
    if (request == nullptr || submit(loop::current()->raw(), request.get(), forget) < 0) return false;
    static_cast<void>(request.release());
    return true;
}

}  // namespace

std::string attempt::in_words() const {
    std::string words = verb_;
    words += ' ' + quoted(*path_);
    if (other_ != nullptr) words += " to " + quoted(*other_);
    if (written_ != nullptr && *written_ > 0) words += " (after " + std::to_string(*written_) + " bytes)";
    return words;
}

bool attempt::has_zero_byte() const noexcept {
    const auto has_one = [](const std::filesystem::path& path) {
        return path.native().find('\0') != std::string::npos;
    };
    return has_one(*path_) || (other_ != nullptr && has_one(*other_));
}

bool file_wait::begin() noexcept {
    if (about_.has_zero_byte()) return ended_at_once(UV_EINVAL);
    request_.data = this;
    const int refusal = submit(home().raw(), &request_, &done);
    return refusal == 0 || ended_at_once(refusal);
}

void file_wait::done(uv_fs_t* request) noexcept {
    auto& self = *static_cast<file_wait*>(request->data);
    // Later: where the loop is at its end, no task continues.
    self.end_later(request->result < 0 ? static_cast<int>(request->result) : 0);
}

void file_wait::cancel() noexcept {
    if (prevented_ || missed_) return;
    prevented_ = uv_cancel(reinterpret_cast<uv_req_t*>(&request_)) == 0;
    missed_ = !prevented_;
}

const uv_fs_t& file_wait::await_resume() {
    if (prevented_) fail(std::make_exception_ptr(cancelled()));
    if (missed_) context().cancel_next_wait();
    throw_failure();
    return request_;
}

void file_wait::describe(pyasync::detail::task_report& into) const { into.waits_for = "uv::" + about_.in_words(); }

void close_in_background(int descriptor) noexcept {
    const auto submit = [&](uv_loop_t* loop, uv_fs_t* request, uv_fs_cb then) {
        return uv_fs_close(loop, request, descriptor, then);
    };
    if (!send_off(submit)) ::close(descriptor);
}

void close_in_background(uv_dir_t& directory) noexcept {
    const auto submit = [&](uv_loop_t* loop, uv_fs_t* request, uv_fs_cb then) {
        return uv_fs_closedir(loop, request, &directory, then);
    };
    if (send_off(submit)) return;
    uv_fs_t here{};
    uv_fs_closedir(nullptr, &here, &directory, nullptr);
    uv_fs_req_cleanup(&here);
}

}  // namespace pyasync::uv::detail
