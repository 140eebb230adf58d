// framework/src/uv/file_request.hpp: awaiting one of libuv's requests about files, which its pool carries out.
// SPDX-License-Identifier: MIT
#pragma once

#include <uv.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <tuple>

#include <pyasync/uv/operation.hpp>

namespace pyasync::uv::detail {

/// What is tried, for messages: `rename "a" to "b"`. Refers to the paths.
class attempt {
public:
    attempt(const char* verb, const std::filesystem::path& path) noexcept : verb_(verb), path_(&path) {}
    attempt(const char* verb, const std::filesystem::path& path, const std::filesystem::path& other) noexcept
        : verb_(verb), path_(&path), other_(&other) {}
    /// `written` is how many bytes have gone out so far.
    attempt(const char* verb, const std::filesystem::path& path, const std::size_t& written) noexcept
        : verb_(verb), path_(&path), written_(&written) {}

    [[nodiscard]] std::string in_words() const;

    /// The system would read a path only up to a zero byte, and that might be somebody else's.
    [[nodiscard]] bool has_zero_byte() const noexcept;

private:
    const char* verb_;
    const std::filesystem::path* path_;
    const std::filesystem::path* other_ = nullptr;
    const std::size_t* written_ = nullptr;
};

/// The wait for such a request, whichever it is. Once the pool has begun it is waited for, since what it reads and
/// writes lies in the awaiting frame; a cancellation that comes then is for the next wait.
class file_wait : public operation {
public:
    /// The request with its result, until the end of the `co_await`'s full expression.
    [[nodiscard]] const uv_fs_t& await_resume();

protected:
    file_wait(const attempt& about, pyasync::detail::task_context& context) noexcept
        : operation(context, std::source_location()), about_(about) {}
    ~file_wait() { uv_fs_req_cleanup(&request_); }

    [[nodiscard]] virtual int submit(uv_loop_t* loop, uv_fs_t* request, uv_fs_cb then) noexcept = 0;

private:
    bool begin() noexcept final;
    void cancel() noexcept final;
    void describe(pyasync::detail::task_report& into) const final;
    [[nodiscard]] std::string subject() const final { return about_.in_words(); }
    static void done(uv_fs_t* request) noexcept;

    attempt about_;
    uv_fs_t request_{};
    bool prevented_ = false;
    bool missed_ = false;
};

template <auto Function, typename... Args>
class file_request_awaiter final : public file_wait {
public:
    file_request_awaiter(const attempt& about, const std::tuple<Args...>& args, pyasync::detail::task_context& context)
        : file_wait(about, context), args_(args) {}

private:
    [[nodiscard]] int submit(uv_loop_t* loop, uv_fs_t* request, uv_fs_cb then) noexcept override {
        return std::apply([&](Args... args) { return Function(loop, request, args..., then); }, args_);
    }

    std::tuple<Args...> args_;
};

template <auto Function, typename... Args>
class file_request_operation {
public:
    file_request_operation(const attempt& about, Args... args) noexcept : about_(about), args_(args...) {}

    [[nodiscard]] auto awaiter_in(pyasync::detail::task_context& context, const std::source_location&) const {
        return file_request_awaiter<Function, Args...>(about_, args_, context);
    }

private:
    attempt about_;
    std::tuple<Args...> args_;
};

/// `co_await file_request<uv_fs_open>(attempt("open", path), path.c_str(), flags, mode)` calls that function of libuv's.
/// Throws `cancelled` where it was kept from beginning, and `error` where it has failed.
template <auto Function, typename... Args>
[[nodiscard]] file_request_operation<Function, Args...> file_request(const attempt& about, Args... args) noexcept {
    return {about, args...};
}

/// Closes a descriptor whose owner does not wait for that: on the pool, where this is a loop's thread.
void close_in_background(int descriptor) noexcept;

/// The same for a directory.
void close_in_background(uv_dir_t& directory) noexcept;

}  // namespace pyasync::uv::detail
