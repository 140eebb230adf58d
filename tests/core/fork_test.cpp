// tests/core/fork_test.cpp: who knows that it has been forked off.
// SPDX-License-Identifier: MIT
#include <pyasync/core/fork.hpp>

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include <pyasync/core/misuse.hpp>

namespace pyasync::detail {
namespace {

/// What `in_forked_child` says in a child of this process, or, two generations away, in a child of that one.
bool answer_of_child(int generations) {
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("fork");
    if (child == 0) ::_exit((generations == 1 ? in_forked_child() : answer_of_child(generations - 1)) ? 1 : 0);
    int status = 0;
    if (::waitpid(child, &status, 0) != child || !WIFEXITED(status)) throw std::runtime_error("waitpid");
    return WEXITSTATUS(status) == 1;
}

TEST_CASE("a process that is forked off knows it, once its parent watches forks") {
    CHECK_FALSE(answer_of_child(1));
    watch_forks();
    watch_forks();
    CHECK_FALSE(in_forked_child());
    CHECK(answer_of_child(1));
    CHECK(answer_of_child(2));
    CHECK_FALSE(in_forked_child());
}

TEST_CASE("the error in such a process says what to do instead") {
    CHECK_THROWS_WITH_AS(std::rethrow_exception(forked_error()), doctest::Contains("use exec"), misuse);
}

}  // namespace
}  // namespace pyasync::detail
