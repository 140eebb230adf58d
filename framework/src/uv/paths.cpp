// framework/src/uv/paths.cpp: requests by path.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/paths.hpp>

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

task<> copy_file(path from, path to, if_exists then) {
    const int flags = UV_FS_COPYFILE_FICLONE | (then == if_exists::fail ? UV_FS_COPYFILE_EXCL : 0);
    co_await file_request<uv_fs_copyfile>(attempt("copy_file", from, to), from.c_str(), to.c_str(), flags);
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
