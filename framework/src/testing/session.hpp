// framework/src/testing/session.hpp: a run of doctest, as the cases see it.
// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <pyasync/options.hpp>
#include <pyasync/runtime.hpp>

namespace pyasync::testing::detail {

/// The one that `run_tests` makes. On the main thread only.
class session {
public:
    session(int argc, char** argv, options how);
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    ~session();

    /// Throws `misuse` where there is none.
    [[nodiscard]] static session& current();

    /// Runs what the command line asks for, and returns the exit code.
    [[nodiscard]] int run();

    /// How the cases run.
    [[nodiscard]] const options& how() const noexcept { return how_; }
    /// How long the running case may take; none where it is not limited.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> limit() const;

    /// The running case fails, and goes on: an assertion of that text is false, with these values.
    void fail(const char* claim, const std::string& values) const;

    /// Once the running case has failed, no further one begins. The run ends with `exit_code`, or with doctest's, where
    /// it is 0.
    void stop(int exit_code);

    // ---- For the listener. ----

    void begin();
    void help_is_wanted() noexcept { help_is_wanted_ = true; }
    void case_begins(const doctest::TestCaseData& which) noexcept { running_ = &which; }
    [[nodiscard]] const doctest::TestCaseData& running() const noexcept { return *running_; }

private:
    doctest::Context context_;
    std::vector<std::string> command_line_;
    options how_;
    std::optional<std::chrono::nanoseconds> limit_;
    bool limited_ = true;
    bool help_is_wanted_ = false;
    std::optional<interpreter> python_;
    const doctest::TestCaseData* running_ = nullptr;
    int exit_code_ = 0;
};

}  // namespace pyasync::testing::detail
