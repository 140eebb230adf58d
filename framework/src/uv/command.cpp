// framework/src/uv/command.cpp: starting a program, and talking with it to its end.
// SPDX-License-Identifier: MIT
#include <pyasync/uv/command.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <stdexcept>

#include <pyasync/core/when_all.hpp>
#include <pyasync/uv/at_home.hpp>
#include <pyasync/uv/descriptor.hpp>
#include <pyasync/uv/error.hpp>
#include <pyasync/uv/process.hpp>

#include "process_end.hpp"
#include "process_handle.hpp"

namespace pyasync::uv {
namespace {

constexpr std::array<const char*, 3> stream_names = {"stdin", "stdout", "stderr"};

/// What the child is to do before it loads its program; throws where the system cannot even be told.
class start_actions {
public:
    start_actions() { check(::posix_spawn_file_actions_init(&raw_)); }
    start_actions(const start_actions&) = delete;
    start_actions& operator=(const start_actions&) = delete;
    ~start_actions() { ::posix_spawn_file_actions_destroy(&raw_); }

    void copy(int from, int to) { check(::posix_spawn_file_actions_adddup2(&raw_, from, to)); }
    void open(const char* path, int at) { check(::posix_spawn_file_actions_addopen(&raw_, at, path, O_RDWR, 0)); }
    void change_directory([[maybe_unused]] const std::string& path) {
#if __GLIBC_PREREQ(2, 29)
        check(::posix_spawn_file_actions_addchdir_np(&raw_, path.c_str()));
#else
        check(ENOSYS);
#endif
    }
    void close_from([[maybe_unused]] int first) {
#if __GLIBC_PREREQ(2, 34)
        check(::posix_spawn_file_actions_addclosefrom_np(&raw_, first));
#endif
    }
    [[nodiscard]] const posix_spawn_file_actions_t* raw() const noexcept { return &raw_; }

private:
    static void check(int error_number) {
        if (error_number != 0) throw error(-error_number, "posix_spawn_file_actions");
    }
    posix_spawn_file_actions_t raw_{};
};

/// No signal is blocked or ignored in the child: both would be inherited, from a loop's thread and from Python.
class start_attributes {
public:
    explicit start_attributes(bool new_session) {
        check(::posix_spawnattr_init(&raw_));
        sigset_t signals;
        sigemptyset(&signals);
        ::posix_spawnattr_setsigmask(&raw_, &signals);
        sigfillset(&signals);
        ::posix_spawnattr_setsigdefault(&raw_, &signals);
        int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
        if (new_session) flags |= POSIX_SPAWN_SETSID;
        ::posix_spawnattr_setflags(&raw_, static_cast<short>(flags));
    }
    start_attributes(const start_attributes&) = delete;
    start_attributes& operator=(const start_attributes&) = delete;
    ~start_attributes() { ::posix_spawnattr_destroy(&raw_); }

    [[nodiscard]] const posix_spawnattr_t* raw() const noexcept { return &raw_; }

private:
    static void check(int error_number) {
        if (error_number != 0) throw error(-error_number, "posix_spawnattr_init");
    }
    posix_spawnattr_t raw_{};
};

/// A child that nothing looks after yet: killed and reaped where that stays so.
class unattended_child {
public:
    explicit unattended_child(pid_t pid) noexcept : pid_(pid) {}
    unattended_child(const unattended_child&) = delete;
    unattended_child& operator=(const unattended_child&) = delete;
    ~unattended_child() {
        if (pid_ == 0) return;
        ::kill(pid_, SIGKILL);
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    void attended() noexcept { pid_ = 0; }

private:
    pid_t pid_;
};

/// What becomes of the child's three streams: kept open here until it has started.
class child_streams {
public:
    child_streams(start_actions& actions, const std::array<stdio, 3>& wanted, const std::string& program)
        : actions_(&actions), program_(program) {
        for (int number = 0; number < 3; ++number) prepare(number, wanted[number]);
        for (int number = 0; number < 3; ++number) place(number, wanted[number]);
    }

    std::array<std::optional<pipe>, 3> ours;

private:
    void prepare(int number, stdio wanted) {
        switch (wanted.what()) {
            case stdio::kind::piped: {
                int ends[2];
                if (::pipe2(ends, O_CLOEXEC) < 0) throw error(-errno, "make a pipe for " + program_);
                const bool child_reads = number == STDIN_FILENO;
                detail::descriptor here(ends[child_reads ? 1 : 0]);
                theirs_[number] = out_of_the_way(detail::descriptor(ends[child_reads ? 0 : 1]));
                ours[number] = pipe::adopt(here.number(), stream_names[number] + (" of " + program_));
                static_cast<void>(here.release());
                break;
            }
            case stdio::kind::descriptor:
                theirs_[number] = duplicate(wanted.number());
                break;
            case stdio::kind::inherited:
                // One that is closed here stays so there.
                if (::fcntl(number, F_GETFD) >= 0) theirs_[number] = duplicate(number);
                break;
            case stdio::kind::null:
            case stdio::kind::as_stdout:
                break;
        }
    }
    void place(int number, stdio wanted) {
        if (theirs_[number].number() >= 0) actions_->copy(theirs_[number].number(), number);
        if (wanted.what() == stdio::kind::null) actions_->open("/dev/null", number);
        if (wanted.what() == stdio::kind::as_stdout) actions_->copy(STDOUT_FILENO, number);
    }

    /// Beyond the three, so that placing one of them overwrites no other.
    [[nodiscard]] detail::descriptor duplicate(int number) const {
        constexpr int first_other = STDERR_FILENO + 1;
        const int copy = ::fcntl(number, F_DUPFD_CLOEXEC, first_other);
        if (copy < 0) throw error(-errno, "give descriptor " + std::to_string(number) + " to " + program_);
        return detail::descriptor(copy);
    }
    [[nodiscard]] detail::descriptor out_of_the_way(detail::descriptor end) const {
        return end.number() > STDERR_FILENO ? std::move(end) : duplicate(end.number());
    }

    start_actions* actions_;
    std::string program_;
    std::array<detail::descriptor, 3> theirs_;
};

std::vector<char*> as_c_has_it(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

// Each does nothing where there is no pipe: that stream goes elsewhere.

task<> feed(pipe* into, const std::string& input) {
    if (into == nullptr) co_return;
    try {
        co_await into->write(input);
    } catch (const error& failed) {
        if (failed.code() != std::errc::broken_pipe) throw;
    }
    into->close();
}

task<std::string> read_all(pipe* from) {
    if (from == nullptr) co_return std::string();
    co_return co_await from->read_all();
}

}  // namespace

command& command::argument(std::string word) {
    words_.push_back(std::move(word));
    return *this;
}

command& command::arguments(const std::vector<std::string>& words) {
    words_.insert(words_.end(), words.begin(), words.end());
    return *this;
}

command& command::environment(std::string name, std::string value) {
    changes_.emplace_back(std::move(name), std::move(value));
    return *this;
}

command& command::without(std::string name) {
    changes_.emplace_back(std::move(name), std::nullopt);
    return *this;
}

command& command::empty_environment() {
    empty_environment_ = true;
    return *this;
}

command& command::directory(std::string path) {
    directory_ = std::move(path);
    return *this;
}

command& command::stdin(stdio what) {
    streams_[0] = what;
    return *this;
}

command& command::stdout(stdio what) {
    streams_[1] = what;
    return *this;
}

command& command::stderr(stdio what) {
    streams_[2] = what;
    return *this;
}

command& command::new_session() {
    new_session_ = true;
    return *this;
}

std::vector<std::string> command::environment_now() const {
    std::vector<std::string> variables;
    if (!empty_environment_) {
        for (char** each = environ; each != nullptr && *each != nullptr; ++each) variables.emplace_back(*each);
    }
    for (const auto& [name, value] : changes_) {
        std::erase_if(variables, [start = name + "="](const std::string& each) { return each.starts_with(start); });
        if (value) variables.push_back(name + "=" + *value);
    }
    return variables;
}

std::string command::described() const {
    return "start " + words_.front() + (directory_ ? " in " + *directory_ : std::string());
}

void command::refuse(const std::string& reason) const {
    throw std::invalid_argument("pyasync: " + detail::with_nul_shown(described() + ": " + reason));
}

void command::require_sound() const {
    const auto require_no_nul = [this](const std::string& text) {
        if (text.find('\0') != text.npos) refuse("\"" + text + "\" has a NUL byte");
    };
    if (words_.front().empty()) refuse("the program has no name");
    for (const std::string& word : words_) require_no_nul(word);
    if (directory_) require_no_nul(*directory_);
    for (const auto& [name, value] : changes_) {
        if (name.empty() || name.find('=') != name.npos) refuse("\"" + name + "\" is no name of a variable");
        require_no_nul(name);
        if (value) require_no_nul(*value);
    }
    for (const int number : {STDIN_FILENO, STDOUT_FILENO}) {
        const auto& wanted = streams_[static_cast<std::size_t>(number)];
        if (wanted && wanted->what() == stdio::kind::as_stdout) {
            refuse(stream_names[static_cast<std::size_t>(number)] + std::string(" cannot be as_stdout()"));
        }
    }
}

/// The system says of a script whose interpreter is missing what it says of a missing script.
bool command::lacks_interpreter() const {
    const auto is_there = [](const std::string& path) { return ::access(path.c_str(), F_OK) == 0; };
    const std::string& program = words_.front();
    if (program.find('/') == program.npos || (directory_ && !is_there(*directory_))) return false;
    return is_there(std::filesystem::path(directory_.value_or("")) / program);
}

process command::launch() const {
    require_sound();
    std::array<stdio, 3> wanted{stdio::inherited(), stdio::inherited(), stdio::inherited()};
    for (std::size_t number = 0; number < wanted.size(); ++number) {
        if (streams_[number]) wanted[number] = *streams_[number];
    }
    start_actions actions;
    child_streams streams(actions, wanted, words_.front());
    if (directory_) actions.change_directory(*directory_);
    actions.close_from(STDERR_FILENO + 1);
    const start_attributes attributes(new_session_);
    const std::vector<std::string> variables = environment_now();

    pid_t pid = 0;
    const int failed = ::posix_spawnp(&pid, words_.front().c_str(), actions.raw(), attributes.raw(),
                                      as_c_has_it(words_).data(), as_c_has_it(variables).data());
    if (failed == ENOENT && lacks_interpreter()) throw error(-failed, described() + " (its interpreter is missing)");
    if (failed != 0) throw error(-failed, described());
    unattended_child started(pid);
    detail::descriptor end = detail::end_of(pid);
    auto* const handle = new detail::process_handle(pid, words_.front(), std::move(end));
    process made{detail::owned<detail::handle>(handle)};
    started.attended();
    handle->start();
    made.pipes_ = std::move(streams.ours);
    return made;
}

task<process> command::start() const { return start(*this); }

task<process> command::start(command how) {
    co_await detail::at_home();
    co_return how.launch();
}

task<finished_process> command::run(std::string input) const { return run(*this, std::move(input)); }

task<finished_process> command::run(command how, std::string input) {
    for (std::optional<stdio>& each : how.streams_) {
        if (!each) each = stdio::piped();
    }
    if (!input.empty() && how.streams_[0]->what() != stdio::kind::piped) {
        how.refuse("there is input, but its stdin is no pipe");
    }
    co_await detail::at_home();
    process running = how.launch();
    const auto piped = [&](std::size_t number) -> pipe* {
        return running.pipes_[number] ? &*running.pipes_[number] : nullptr;
    };
    finished_process finished;
    auto [nothing, out, err] = co_await when_all(feed(piped(0), input), read_all(piped(1)), read_all(piped(2)));
    finished.out = std::move(out);
    finished.err = std::move(err);
    finished.status = co_await running.wait();
    co_return finished;
}

}  // namespace pyasync::uv
