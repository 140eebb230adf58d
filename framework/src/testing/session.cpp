// framework/src/testing/session.cpp: a test program from its first line to its exit code.
// SPDX-License-Identifier: MIT
#include "session.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <pyasync/bridge/with_gil.hpp>
#include <pyasync/core/misuse.hpp>
#include <pyasync/testing.hpp>

#include "../bounded.hpp"
#include "../program.hpp"

namespace pyasync::testing {
namespace detail {
namespace {

using std::chrono::nanoseconds;

constexpr auto limit_of_itself = std::chrono::minutes(1);

constexpr const char* help =
    "[pyasync] how the coroutine cases run:\n"
    "      --timeout=<seconds>               how long a case may take that has no timeout of\n"
    "                                        its own; 0: no case is limited (default: 60)\n"
    "      --event-loop=<name>               asyncio, uvloop or module:factory\n\n";

session* only = nullptr;

/// What stands behind `name=` on the command line, which may be written as doctest's own options, else in the
/// environment; null for neither.
const char* setting(const std::vector<std::string>& command_line, std::string_view name, const char* variable) {
    for (const std::string& given : command_line) {
        for (const std::string_view prefix : {"--dt-", "-dt-", "--", "-"}) {
            if (!given.starts_with(prefix)) continue;
            const std::string_view option = std::string_view(given).substr(prefix.size());
            if (!option.starts_with(name)) continue;
            const std::string_view rest = option.substr(name.size());
            if (rest.empty()) throw std::invalid_argument(fmt::format("write {0}=..., not {0} ...", given));
            if (rest.front() == '=') return rest.data() + 1;  // the end of the argument is its end
        }
    }
    const char* const value = std::getenv(variable);
    return value != nullptr && *value != '\0' ? value : nullptr;
}

nanoseconds seconds_of(const char* text) {
    constexpr double most = 1e9;
    char* end = nullptr;
    const double seconds = std::strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds >= 0 && seconds <= most)) {
        throw std::invalid_argument(
            fmt::format("--timeout and PYASYNC_TEST_TIMEOUT are a number of seconds, not '{}'", text));
    }
    return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(seconds));
}

/// Tells the session what doctest is at.
class listener final : public doctest::IReporter {
public:
    explicit listener(const doctest::ContextOptions&) {}

    void report_query(const doctest::QueryData&) override {
        if (only != nullptr && doctest::getContextOptions()->help) only->help_is_wanted();
    }
    void test_run_start() override {
        if (only != nullptr) only->begin();
    }
    void test_run_end(const doctest::TestRunStats&) override {}
    void test_case_start(const doctest::TestCaseData& in) override {
        if (only != nullptr) only->case_begins(in);
    }
    void test_case_reenter(const doctest::TestCaseData&) override {}
    void test_case_end(const doctest::CurrentTestCaseStats&) override {}
    void test_case_exception(const doctest::TestCaseException&) override {}
    void subcase_start(const doctest::SubcaseSignature&) override {}
    void subcase_end() override {}
    void log_assert(const doctest::AssertData&) override {}
    void log_message(const doctest::MessageData&) override {}
    void test_case_skipped(const doctest::TestCaseData&) override {}
};

DOCTEST_REGISTER_LISTENER("pyasync", 0, listener);

}  // namespace

session::session(int argc, char** argv, options how)
    : context_(argc, argv), command_line_(argv, argv + argc), how_(std::move(how)) {
    if (const char* const given = setting(command_line_, "timeout", "PYASYNC_TEST_TIMEOUT")) {
        limit_ = seconds_of(given);
        limited_ = *limit_ > nanoseconds::zero();
    }
    if (const char* const given = setting(command_line_, "event-loop", "PYASYNC_TEST_EVENT_LOOP")) {
        how_.event_loop = given;
    }
    how_.shutdown_timeout = pyasync::detail::bounded(how_.shutdown_timeout);
    only = this;
}

session::~session() { only = nullptr; }

session& session::current() {
    if (only != nullptr) return *only;
    throw misuse("pyasync: a PYASYNC_TEST_CASE runs in a program whose main is PYASYNC_TEST_MAIN, or run_tests()");
}

void session::begin() {
    python_.emplace(py::interpreter_options{how_.module_search_paths, how_.isolated, command_line_});
    with_gil([](py::python py) { pyasync::detail::prepare(py); });
}

int session::run() {
    pyasync::detail::write_lines();
    const int result = context_.run();
    if (help_is_wanted_) fmt::print("{}", help);
    const int code = exit_code_ != 0 ? exit_code_ : result;
    return python_ ? pyasync::detail::end(*python_, code, how_) : code;
}

std::optional<nanoseconds> session::limit() const {
    if (!limited_) return std::nullopt;
    const double own = running_->m_timeout;
    if (own > 0) return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(own));
    return limit_.value_or(limit_of_itself);
}

void session::fail(const char* claim, const std::string& values) const {
    // An assertion, since a message does not reach every reporter (doctest's JUnit).
    doctest::detail::ResultBuilder assertion(doctest::assertType::DT_CHECK, running_->m_file.c_str(),
                                             static_cast<int>(running_->m_line), claim);
    assertion.m_failed = true;
    assertion.m_decomp = values.c_str();
    if (assertion.log()) DOCTEST_BREAK_INTO_DEBUGGER();
}

void session::stop(int exit_code) {
    exit_code_ = exit_code;
    context_.setOption("abort-after", 1);
}

}  // namespace detail

int run_tests(int argc, char** argv, const options& how, int doctest_version) {
    if (doctest_version != DOCTEST_VERSION) {
        constexpr int part = 100;
        fmt::print(
            stderr,
            "pyasync::testing contains doctest {}, and the tests are compiled with the header of {}.{}.{}: use one "
            "version for both\n",
            DOCTEST_VERSION_STR, doctest_version / part / part, doctest_version / part % part, doctest_version % part);
        return EXIT_FAILURE;
    }
    try {
        return detail::session(argc, argv, how).run();
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return EXIT_FAILURE;
    }
}

}  // namespace pyasync::testing
