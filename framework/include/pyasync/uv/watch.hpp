// framework/include/pyasync/uv/watch.hpp: hearing of changes of files and directories.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <pyasync/core/task.hpp>

namespace pyasync::uv {

/// Something that has happened to what is watched, once or several times.
class change {
public:
    /// In a directory, the name of the entry that has changed; where it is about what is watched itself, its own.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    /// Its contents, or its attributes, have changed.
    [[nodiscard]] bool modified() const noexcept { return modified_; }
    /// It has come, or gone, or has another name: the system's message does not say which, and things may be otherwise
    /// again.
    [[nodiscard]] bool renamed() const noexcept { return renamed_; }
    /// More has changed than is kept. It has no name: look at all of it.
    [[nodiscard]] bool overflown() const noexcept { return overflown_; }

private:
    friend class watcher;
    change(std::string name, bool modified, bool renamed, bool overflown) noexcept
        : name_(std::move(name)), modified_(modified), renamed_(renamed), overflown_(overflown) {}

    std::string name_;
    bool modified_;
    bool renamed_;
    bool overflown_;
};

/// Tells of changes of the file or directory at one path, from its making on. Made by `watch`.
///
///     auto changes = co_await pyasync::uv::watch("/etc");
///     while (auto change = co_await changes.next()) fmt::print("{}\n", change->name());
///
/// **What is told.** Of a directory: changes of its entries, but not of what is in directories within it; and of itself.
/// Of changes of one name that nobody has taken yet, there is one. They come in the order in which each name has first
/// changed.
/// **Overflow.** Where more than 4096 names wait to be taken, all of them give way to one `change` that is
/// `overflown()`. (The kernel keeps 16384 messages for the loop, which takes them as they come; what it drops while the
/// loop's thread is blocked, libuv does not tell.)
/// **The end.** It follows the path: where another file has taken the place of the one that was watched, as when editors
/// save, that is watched from then on. Where there is nothing at the path any more, what has happened before is told,
/// the last change with it, and then `next()` gives nothing, for ever: also if there is something again later.
/// **Thread.** The loop where `watch` was awaited. It may be destroyed on any thread. **Ownership.** It owns one of
/// libuv's handles, which is closed when it goes.
class watcher {
public:
    [[nodiscard]] const std::filesystem::path& path() const;

    /// `co_await changes.next()` gives the next change, or nothing at the end. What happens between two of them is kept.
    ///
    /// **Cancellation.** Ends at once, and no change is lost. **Errors.** `uv::error` where what has taken the file's
    /// place cannot be watched; then it is over. `std::logic_error` from a second `next()` at a time, and from one on
    /// another loop.
    [[nodiscard]] task<std::optional<change>> next() { return next(get()); }

private:
    class state;
    class start;
    class arrival;
    friend task<watcher> watch(std::filesystem::path path);

    explicit watcher(std::shared_ptr<state> made) noexcept : state_(std::move(made)) {}
    /// Throws `misuse` where it has been moved away.
    [[nodiscard]] const std::shared_ptr<state>& get() const;
    static task<std::optional<change>> next(std::shared_ptr<state> state);

    std::shared_ptr<state> state_;
};

/// Begins to watch the file or directory at `path`: what changes from then on is told. There is no watching of whole
/// trees, which Linux does not offer.
///
/// **Thread.** Does not wait; the path is looked up on the loop's thread. **Errors.** `uv::error`:
/// `watch "/nowhere": No such file or directory`; ENOSPC where the system's limit of watches
/// (`fs.inotify.max_user_watches`) is reached.
[[nodiscard]] task<watcher> watch(std::filesystem::path path);

}  // namespace pyasync::uv
