// framework/include/pyasync/uv/handle.hpp: libuv's handles, closed before their memory goes.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <utility>

#include <pyasync/core/task_context.hpp>
#include <pyasync/core/work.hpp>
#include <pyasync/uv/loop.hpp>

struct uv_handle_s;

namespace pyasync::uv::detail {

/// One of libuv's handles and what belongs to it, on the heap. It has an owner (`owned`), and is libuv's from
/// `opened` on until it has been closed; it is freed when both have let go.
///
/// **Thread.** Made and used on its loop's thread; the owner may let go of it on any.
class handle : pyasync::detail::work {
public:
    handle(const handle&) = delete;
    handle& operator=(const handle&) = delete;

    [[nodiscard]] loop& home() const noexcept { return *home_; }

    /// Loop thread: whoever waits for it is told, and libuv closes it; nothing where that has been done.
    void close() noexcept;
    /// Any thread; where it may be closed meanwhile, the loop's.
    [[nodiscard]] bool is_open() const noexcept { return slot_.load(std::memory_order_relaxed) != nullptr; }

    /// The owner lets go: it is closed, or goes on without.
    void disown() noexcept;

protected:
    /// At home on the loop that runs on this thread.
    handle() noexcept : work(&let_go), home_(loop::current()) {}
    virtual ~handle() = default;

    /// libuv has initialised it, and will have to close it.
    void opened() noexcept;

    [[nodiscard]] virtual uv_handle_s* raw_handle() noexcept = 0;

private:
    friend class open_handles;

    /// It is about to be closed: whoever waits for it has to end, later.
    virtual void closes() noexcept = 0;

    /// Loop thread: the owner has let go. What must go on without one does not close now, but later.
    virtual void disowned() noexcept { close(); }

    static void let_go(work& self, pyasync::detail::delivery how) noexcept;
    static void closed(uv_handle_s* raw) noexcept;
    void hand_to_libuv_for_closing() noexcept;
    void release() noexcept;

    loop* home_;
    std::atomic<int> holders_{1};
    handle* next_ = nullptr;
    std::atomic<handle**> slot_{nullptr};  ///< the pointer that leads here; null where it is not open
};

/// Throws `misuse` where the task is at home on another loop than the handle. Any thread.
void require_home(const pyasync::detail::task_context& task, const handle& used);
/// The same where this thread is not its loop's.
void require_home(const handle& used);

/// Those of one loop, which closes them at its end; loop thread only.
class open_handles {
public:
    void insert(handle& one) noexcept;
    static void erase(handle& one) noexcept;

    /// At the loop's end, whoever waits for them: that one never continues.
    void close_all() noexcept;

private:
    handle* first_ = nullptr;
};

/// The owner of a `Handle`: moves, and closes what it owns when it goes.
template <typename Handle>
class owned {
public:
    owned() = default;
    explicit owned(Handle* one) noexcept : one_(one) {}
    owned(owned&& other) noexcept : one_(std::exchange(other.one_, nullptr)) {}
    owned& operator=(owned&& other) noexcept {
        const owned before(std::exchange(one_, std::exchange(other.one_, nullptr)));
        return *this;
    }
    ~owned() {
        if (one_ != nullptr) one_->disown();
    }

    [[nodiscard]] Handle* operator->() const noexcept { return one_; }
    [[nodiscard]] Handle& operator*() const noexcept { return *one_; }
    [[nodiscard]] explicit operator bool() const noexcept { return one_ != nullptr; }

private:
    Handle* one_ = nullptr;
};

/// Makes one on this loop's thread; throws what its constructor throws.
template <typename Handle, typename... Args>
[[nodiscard]] owned<Handle> make_handle(Args&&... args) {
    return owned<Handle>(new Handle(std::forward<Args>(args)...));
}

}  // namespace pyasync::uv::detail
