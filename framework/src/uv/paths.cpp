// framework/src/uv/paths.cpp: requests by path.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/paths.hpp>

#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "file_request.hpp"
#include "file_state.hpp"
#include "file_status.hpp"

namespace pyasync::uv {

using detail::attempt;
using detail::file_request;
using std::filesystem::path;

namespace {

path with_place_for_name(path prefix) {
    prefix += "XXXXXX";
    return prefix;
}

/// What is at `wanted`, behind links; itself where there is nothing. Throws where that is no file.
task<path> file_to_replace(attempt about, const path& wanted) {
    path found;
    try {
        const char* const resolved = wanted.c_str();
        found = static_cast<const char*>((co_await file_request<uv_fs_realpath>(about, resolved)).ptr);
    } catch (const error& failure) {
        if (failure.code() != std::errc::no_such_file_or_directory) throw;
        co_return wanted;
    }
    const auto status = detail::status_of((co_await file_request<uv_fs_lstat>(about, found.c_str())).statbuf);
    if (!status.is_file()) {
        throw error(status.is_directory() ? UV_EISDIR : UV_EINVAL, about.in_words() + ", which is no regular file");
    }
    co_return found;
}

/// Removed, unless it has been given another name, and has no `name` here any more.
struct new_file {
    path name;
    explicit new_file(path made) noexcept : name(std::move(made)) {}
    new_file(const new_file&) = delete;
    new_file& operator=(const new_file&) = delete;
    ~new_file() {
        if (!name.empty()) ::unlink(name.c_str());
    }
};

}  // namespace

task<file_status> stat(path path) {
    co_return detail::status_of((co_await file_request<uv_fs_stat>(attempt("stat", path), path.c_str())).statbuf);
}

task<file_status> lstat(path path) {
    co_return detail::status_of((co_await file_request<uv_fs_lstat>(attempt("lstat", path), path.c_str())).statbuf);
}

task<> rename(path from, path to) {
    co_await file_request<uv_fs_rename>(attempt("rename", from, to), from.c_str(), to.c_str());
}

task<> unlink(path path) { co_await file_request<uv_fs_unlink>(attempt("unlink", path), path.c_str()); }

task<> mkdir(path path, unsigned permissions) {
    co_await file_request<uv_fs_mkdir>(attempt("mkdir", path), path.c_str(), static_cast<int>(permissions));
}

task<> mkdirs(path wanted, unsigned permissions) {
    std::vector<path> missing{wanted};
    while (!missing.empty()) {
        const path& each = missing.back();
        const attempt about("mkdir", each);
        int failed_with = 0;
        try {
            co_await file_request<uv_fs_mkdir>(about, each.c_str(), static_cast<int>(permissions));
        } catch (const error& failure) {
            failed_with = failure.code().value();
            if (failed_with == ENOENT && each.has_parent_path()) {
                missing.push_back(each.parent_path());
                continue;
            }
            if (failed_with != EEXIST) throw;
        }
        if (failed_with == EEXIST) {
            const auto found =
                detail::status_of((co_await file_request<uv_fs_stat>(attempt("stat", each), each.c_str())).statbuf);
            if (!found.is_directory()) throw error(UV_EEXIST, about.in_words());
        }
        missing.pop_back();
    }
}

task<> rmdir(path path) { co_await file_request<uv_fs_rmdir>(attempt("rmdir", path), path.c_str()); }

// libuv's removes what it could not write to the end, also where that was there before. So it writes a new file.
task<> copy_file(path from, path to, if_exists then) {
    const attempt about("copy_file", from, to);
    if (then == if_exists::fail) {
        constexpr int flags = UV_FS_COPYFILE_FICLONE | UV_FS_COPYFILE_EXCL;
        co_await file_request<uv_fs_copyfile>(about, from.c_str(), to.c_str(), flags);
        co_return;
    }
    const path replaced = co_await file_to_replace(about, to);
    new_file made{(co_await mkstemp(replaced.native() + ".")).path()};
    co_await file_request<uv_fs_copyfile>(about, from.c_str(), made.name.c_str(), UV_FS_COPYFILE_FICLONE);
    co_await file_request<uv_fs_rename>(about, made.name.c_str(), replaced.c_str());
    made.name.clear();
}

task<> chmod(path path, unsigned permissions) {
    co_await file_request<uv_fs_chmod>(attempt("chmod", path), path.c_str(), static_cast<int>(permissions));
}

task<path> realpath(path given) {
    co_return static_cast<const char*>(
        (co_await file_request<uv_fs_realpath>(attempt("realpath", given), given.c_str())).ptr);
}

task<path> readlink(path link) {
    co_return static_cast<const char*>(
        (co_await file_request<uv_fs_readlink>(attempt("readlink", link), link.c_str())).ptr);
}

task<> symlink(path target, path path) {
    co_await file_request<uv_fs_symlink>(attempt("symlink", path, target), target.c_str(), path.c_str(), 0);
}

task<path> mkdtemp(path prefix) {
    const path pattern = with_place_for_name(std::move(prefix));
    co_return (co_await file_request<uv_fs_mkdtemp>(attempt("mkdtemp", pattern), pattern.c_str())).path;
}

task<file> mkstemp(path prefix) {
    auto made = std::make_shared<file::state>();
    const path pattern = with_place_for_name(std::move(prefix));
    const auto take = [&made](const uv_fs_t& request) {
        made->number = static_cast<int>(request.result);  // first: now it has an owner
        made->path = request.path;
    };
    take(co_await file_request<uv_fs_mkstemp>(attempt("mkstemp", pattern), pattern.c_str()));
    co_return file(std::move(made));
}

}  // namespace pyasync::uv
