// framework/src/uv/watch.cpp: libuv's file system events, kept until somebody takes them.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/watch.hpp>

#include <uv.h>

#include <array>
#include <climits>
#include <deque>
#include <new>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <pyasync/core/misuse.hpp>
#include <pyasync/core/task_report.hpp>
#include <pyasync/uv/handle.hpp>
#include <pyasync/uv/operation.hpp>
#include "file_request.hpp"

namespace pyasync::uv {

using detail::attempt;

namespace {

/// The changes that nobody has taken, a name each.
class untaken_changes {
public:
    struct entry {
        std::string name;
        bool modified = false;
        bool renamed = false;
        bool overflown = false;
    };

    [[nodiscard]] bool empty() const noexcept { return entries_.empty() && !overflown_; }

    void add(std::string_view name, int events) noexcept {
        try {
            entry& one = entry_of(name);
            one.modified = one.modified || (events & UV_CHANGE) != 0;
            one.renamed = one.renamed || (events & UV_RENAME) != 0;
        } catch (const std::bad_alloc&) {
            overflow();
        }
    }

    void overflow() noexcept {
        by_name_.clear();
        entries_.clear();
        overflown_ = true;
    }

    /// The oldest; there must be one.
    [[nodiscard]] entry take() noexcept {
        if (overflown_) {
            overflown_ = false;
            return {.name = {}, .overflown = true};
        }
        by_name_.erase(entries_.front().name);
        entry oldest = std::move(entries_.front());
        entries_.pop_front();
        return oldest;
    }

private:
    static constexpr std::size_t most = 4096;

    [[nodiscard]] entry& entry_of(std::string_view name) {
        if (const auto known = by_name_.find(name); known != by_name_.end()) return *known->second;
        if (entries_.size() == most) overflow();
        entry& added = entries_.emplace_back(entry{.name = std::string(name)});
        by_name_.emplace(added.name, &added);
        return added;
    }

    std::deque<entry> entries_;
    std::unordered_map<std::string_view, entry*> by_name_;
    bool overflown_ = false;
};

/// A relative path means the same for as long as it is watched.
std::filesystem::path made_absolute(const std::filesystem::path& path) {
    if (path.is_absolute() || path.empty()) return path;
    std::array<char, PATH_MAX> folder{};
    std::size_t size = folder.size();
    if (const int status = uv_cwd(folder.data(), &size); status < 0)
        throw error(status, attempt("watch", path).in_words());
    return std::filesystem::path(folder.data()) / path;
}

/// One of libuv's handles; at another place in time the same watcher may have another one.
class watch_handle final : public detail::handle {
public:
    explicit watch_handle(const std::filesystem::path& place) : own_name_(place.filename().native()) {
        detail::check(uv_fs_event_init(home().raw(), &raw_), "uv_fs_event_init");
        opened();
    }

    [[nodiscard]] int start(const std::filesystem::path& place) noexcept {
        return uv_fs_event_start(&raw_, &happened, place.c_str(), 0);
    }

    /// What libuv calls the thing itself; an entry of a directory may have the same name.
    [[nodiscard]] const std::string& own_name() const noexcept { return own_name_; }

    untaken_changes changes;

    /// Who waits for the next one is told, once.
    struct listener {
        virtual void changed() noexcept = 0;

    protected:
        ~listener() = default;
    };
    listener* listening = nullptr;

private:
    static void happened(uv_fs_event_t* raw, const char* name, int events, int status) noexcept {
        auto& self = *static_cast<watch_handle*>(static_cast<handle*>(raw->data));
        if (status < 0 || name == nullptr) {
            self.changes.overflow();
        } else {
            self.changes.add(name, events);
        }
        self.tell();
    }
    void closes() noexcept override { tell(); }
    void tell() noexcept {
        if (listening != nullptr) std::exchange(listening, nullptr)->changed();
    }
    [[nodiscard]] uv_handle_t* raw_handle() noexcept override { return reinterpret_cast<uv_handle_t*>(&raw_); }

    uv_fs_event_t raw_{};
    std::string own_name_;
};

}  // namespace

class watcher::state {
public:
    explicit state(std::filesystem::path given) : path_(std::move(given)), place_(made_absolute(path_)) {}

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    [[nodiscard]] std::string attempted() const { return attempt("watch", path_).in_words(); }

    /// Watches whatever is at the path now; where that fails, it is over when what there is has been told. Nothing is
    /// missed: the old handle goes when the new one is there, and for what has not changed libuv has one watch for both.
    void follow() noexcept {
        const int status = start_anew();
        if (status < 0) {
            end_ = status;
            if (handle_) handle_->close();
        }
    }

    [[nodiscard]] bool is_over() const noexcept { return end_ < 0; }
    [[nodiscard]] watch_handle& handle() const noexcept { return *handle_; }

    /// Why it is over; said once, unless there is just nothing any more.
    [[nodiscard]] int take_end() noexcept { return std::exchange(end_, UV_ENOENT); }

    [[nodiscard]] std::optional<change> take() {
        if (handle_->changes.empty()) {
            const int reason = take_end();
            if (reason != UV_ENOENT && reason != UV_ENOTDIR) throw error(reason, attempted());
            return std::nullopt;
        }
        auto oldest = handle_->changes.take();
        if (!is_over() && (oldest.overflown || oldest.name == handle_->own_name())) follow();
        return change(std::move(oldest.name), oldest.modified, oldest.renamed, oldest.overflown);
    }

    bool is_waited_for = false;  ///< by a `next()`, which may have its change already, and has not gone on yet

private:
    [[nodiscard]] int start_anew() noexcept {
        try {
            auto fresh = detail::make_handle<watch_handle>(place_);
            const int status = attempt("watch", place_).has_zero_byte() ? UV_EINVAL : fresh->start(place_);
            if (status < 0) return status;
            if (handle_) fresh->changes = std::move(handle_->changes);
            handle_ = std::move(fresh);
            return 0;
        } catch (const error& failed) {
            return failed.status();
        } catch (const std::bad_alloc&) {
            return UV_ENOMEM;
        }
    }

    std::filesystem::path path_;
    std::filesystem::path place_;
    detail::owned<watch_handle> handle_;
    int end_ = 0;
};

/// Begins to watch, on the loop's thread.
class watcher::start final : public detail::operation {
public:
    start(state& watched, pyasync::detail::task_context& context) noexcept
        : operation(context, std::source_location()), state_(&watched) {}

    void await_resume() const {
        if (state_->is_over()) fail(std::make_exception_ptr(error(state_->take_end(), state_->attempted())));
    }

private:
    bool begin() noexcept override {
        state_->follow();
        return ended_at_once(0);
    }
    void cancel() noexcept override { context().cancel_next_wait(); }
    void describe(pyasync::detail::task_report& into) const override { into.waits_for = "uv::" + subject(); }
    [[nodiscard]] std::string subject() const override { return state_->attempted(); }

    state* state_;
};

/// Waits until there is a change, or none will come.
class watcher::arrival final : public detail::operation, watch_handle::listener {
public:
    arrival(state& watched, pyasync::detail::task_context& context) noexcept
        : operation(context, std::source_location()), state_(&watched) {}

    void await_resume() const {
        if (misuse_ != nullptr) fail(std::make_exception_ptr(std::logic_error(misuse_)));
        state_->is_waited_for = false;
        throw_failure();
    }

private:
    bool begin() noexcept override {
        if (&state_->handle().home() != loop::current()) {
            misuse_ = "pyasync: this watcher belongs to another loop: await its next() where watch() was awaited";
        } else if (std::exchange(state_->is_waited_for, true)) {
            misuse_ = "pyasync: this watcher is waited for already: one next() at a time";
        } else if (state_->handle().changes.empty() && !state_->is_over()) {
            state_->handle().listening = this;
            return true;
        }
        return ended_at_once(0);
    }
    void changed() noexcept override { end_later(0); }
    void withdraw() noexcept override { state_->handle().listening = nullptr; }
    void describe(pyasync::detail::task_report& into) const override { into.waits_for = "uv::" + subject(); }
    [[nodiscard]] std::string subject() const override { return state_->attempted(); }

    state* state_;
    const char* misuse_ = nullptr;
};

namespace {

template <typename Awaiter, typename State>
class awaiting {
public:
    explicit awaiting(State& state) noexcept : state_(&state) {}
    [[nodiscard]] Awaiter awaiter_in(pyasync::detail::task_context& context, const std::source_location&) const {
        return Awaiter(*state_, context);
    }

private:
    State* state_;
};

}  // namespace

const std::shared_ptr<watcher::state>& watcher::get() const {
    if (!state_) throw misuse("pyasync: this watcher has been moved away");
    return state_;
}

const std::filesystem::path& watcher::path() const { return get()->path(); }

task<std::optional<change>> watcher::next(std::shared_ptr<state> state) {
    co_await awaiting<arrival, watcher::state>(*state);
    co_return state->take();
}

task<watcher> watch(std::filesystem::path path) {
    auto made = std::make_shared<watcher::state>(std::move(path));
    co_await awaiting<watcher::start, watcher::state>(*made);
    co_return watcher(std::move(made));
}

}  // namespace pyasync::uv
