// framework/include/pyasync/uv/command.hpp: which program to start, and how.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <concepts>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pyasync/core/task.hpp>
#include <pyasync/uv/exit_status.hpp>

namespace pyasync::uv {

class process;

/// What a process gets as its standard input, output or error.
class stdio {
public:
    enum class kind { inherited, null, piped, descriptor, as_stdout };

    /// What this process has there.
    [[nodiscard]] static constexpr stdio inherited() noexcept { return {kind::inherited, -1}; }
    /// /dev/null: nothing to read, and what is written is gone.
    [[nodiscard]] static constexpr stdio null() noexcept { return {kind::null, -1}; }
    /// A pipe, whose other end `process` has.
    [[nodiscard]] static constexpr stdio piped() noexcept { return {kind::piped, -1}; }
    /// A copy of a descriptor, which stays the caller's, and has to be open when the process starts.
    [[nodiscard]] static constexpr stdio descriptor(int number) noexcept { return {kind::descriptor, number}; }
    /// For stderr: where stdout goes.
    [[nodiscard]] static constexpr stdio as_stdout() noexcept { return {kind::as_stdout, -1}; }

    [[nodiscard]] constexpr kind what() const noexcept { return what_; }
    [[nodiscard]] constexpr int number() const noexcept { return number_; }

private:
    constexpr stdio(kind what, int number) noexcept : what_(what), number_(number) {}

    kind what_;
    int number_;
};

/// What `command::run` gives.
struct finished_process {
    exit_status status;
    std::string out;  ///< its stdout
    std::string err;  ///< its stderr
};

/// A program, its arguments, and what it is to find when it starts. To be copied, and started any number of times.
///
///     auto sorted = co_await pyasync::uv::command("sort", "--reverse").run("a\nb\n");
///     fmt::print("{}", sorted.out);
///
/// A program without a slash is looked for where `PATH` says, that of this process. It starts with no signal blocked
/// or ignored, whatever is so here, and without any other descriptor of this process than the three (where this was
/// built with a glibc before 2.34: without those that are closed by `exec`, as all of pyasync's are).
class command {
public:
    template <typename... Arguments>
        requires(std::convertible_to<Arguments, std::string> && ...)
    explicit command(std::string program, Arguments&&... arguments)
        : words_{std::move(program), std::string(std::forward<Arguments>(arguments))...} {}

    /// One more.
    command& argument(std::string word);
    command& arguments(const std::vector<std::string>& words);

    /// The environment is this process's as it is at the start, with these changes. (To read it is no more thread-safe
    /// than C's `getenv`: leave it alone from when processes are started, Python's `os.environ`, too.)
    command& environment(std::string name, std::string value);
    command& without(std::string name);
    /// It has only what is set by `environment`.
    command& empty_environment();

    /// Where it starts; a program with a slash in it that is not absolute is looked for from there.
    command& directory(std::string path);

    command& stdin(stdio what);
    command& stdout(stdio what);
    command& stderr(stdio what);

    /// It leads a session of its own: signals of the terminal, a Ctrl-C, do not reach it.
    command& new_session();

    /// Starts it. What has not been said otherwise is inherited.
    ///
    /// **Thread.** The process belongs to the awaiting task's loop, which is held up until the program has been loaded.
    /// **Errors.** `uv::error`, which names the program; `std::invalid_argument` for what cannot be given to any: no name,
    /// a NUL byte, a variable's name that is empty or has a "=", a stdin or stdout that is `as_stdout()`. Nothing runs then.
    [[nodiscard]] task<process> start() const;

    /// Starts it, writes `input` to it, reads what it prints, both at a time, and waits for its end. What has not been said
    /// otherwise is a pipe here.
    ///
    /// That it reads no more than a part of its input is no error; its exit status is for you to look at. Output ends when
    /// all have closed it who have inherited it, its own children, too. **Cancellation.** Kills it.
    /// **Errors.** As `start`; `std::invalid_argument` where there is input and stdin is no pipe.
    [[nodiscard]] task<finished_process> run(std::string input = {}) const;

private:
    static task<process> start(command how);
    static task<finished_process> run(command how, std::string input);
    [[nodiscard]] process launch() const;
    [[nodiscard]] std::vector<std::string> environment_now() const;
    [[nodiscard]] std::string described() const;
    [[noreturn]] void refuse(const std::string& reason) const;
    void require_sound() const;
    [[nodiscard]] bool lacks_interpreter() const;

    std::vector<std::string> words_;
    std::vector<std::pair<std::string, std::optional<std::string>>> changes_;
    std::optional<std::string> directory_;
    std::array<std::optional<stdio>, 3> streams_;
    bool empty_environment_ = false;
    bool new_session_ = false;
};

}  // namespace pyasync::uv
