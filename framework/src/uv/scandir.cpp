// framework/src/uv/scandir.cpp: directories, some hundred entries at a time.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/scandir.hpp>

#include <array>
#include <vector>

#include "file_request.hpp"
#include "file_status.hpp"

namespace pyasync::uv {

using detail::attempt;
using detail::file_request;

namespace {

class open_directory {
public:
    explicit open_directory(uv_dir_t& raw) noexcept : raw_(&raw) {
        raw_->dirents = room_.data();
        raw_->nentries = room_.size();
    }
    open_directory(const open_directory&) = delete;
    open_directory& operator=(const open_directory&) = delete;
    ~open_directory() { detail::close_in_background(*raw_); }

    [[nodiscard]] uv_dir_t* raw() const noexcept { return raw_; }

    /// What `request` has read; the names stay the request's.
    [[nodiscard]] std::vector<directory_entry> entries_of(const uv_fs_t& request) const {
        std::vector<directory_entry> entries;
        entries.reserve(static_cast<std::size_t>(request.result));
        for (std::size_t i = 0; i < static_cast<std::size_t>(request.result); ++i) {
            entries.emplace_back(room_[i].name, detail::type_of(room_[i].type));
        }
        return entries;
    }

private:
    std::array<uv_dirent_t, 256> room_{};
    uv_dir_t* raw_;
};

}  // namespace

async_generator<directory_entry> scandir(std::filesystem::path path) {
    const attempt about("scandir", path);
    const open_directory directory(
        *static_cast<uv_dir_t*>((co_await file_request<uv_fs_opendir>(about, path.c_str())).ptr));
    for (;;) {
        auto entries = directory.entries_of(co_await file_request<uv_fs_readdir>(about, directory.raw()));
        if (entries.empty()) co_return;
        for (directory_entry& each : entries) co_yield std::move(each);
    }
}

}  // namespace pyasync::uv
