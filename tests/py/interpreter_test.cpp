// tests/py/interpreter_test.cpp: CPython's life inside a program. Each case has a process of its own.
// SPDX-License-Identifier: MIT
#include <pyasync/py/interpreter.hpp>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <latch>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <pyasync/py/convert_containers.hpp>
#include <pyasync/py/gil.hpp>
#include <pyasync/py/reclaim.hpp>

namespace pyasync::py {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* no_interpreter =
    "pyasync: no Python interpreter runs; make a pyasync::interpreter first, and use Python only while it lives";

/// A folder that is gone at the end.
class temporary_folder {
public:
    temporary_folder() {
        std::string pattern = (fs::temp_directory_path() / "pyasync-test-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    ~temporary_folder() { fs::remove_all(path_); }

    [[nodiscard]] const fs::path& path() const noexcept { return path_; }
    void write(const fs::path& name, const std::string& text) const {
        fs::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name) << text;
    }

private:
    fs::path path_;
};

template <typename T>
T attribute(const char* module, const char* name) {
    const gil held;
    return held.token().import(module).attr(name).to<T>();
}

TEST_CASE("without an interpreter the GIL cannot be had: before, and after") {
    CHECK_THROWS_WITH_AS(gil(), no_interpreter, std::runtime_error);
    {
        const interpreter python;
        CHECK(Py_IsInitialized() == 1);
        CHECK_NOTHROW(gil());
    }
    CHECK(Py_IsInitialized() == 0);
    CHECK_THROWS_WITH_AS(gil(), no_interpreter, std::runtime_error);
    std::jthread([] { CHECK_THROWS_WITH_AS(gil(), no_interpreter, std::runtime_error); }).join();
}

TEST_CASE("an interpreter leaves the GIL free for any thread") {
    const interpreter python;
    CHECK(PyGILState_Check() == 0);
    std::jthread([] { CHECK(attribute<std::string>("os", "sep") == "/"); }).join();
}

TEST_CASE("a second interpreter is an error, at the same time and afterwards") {
    constexpr const char* message = "pyasync: a process has one interpreter, and this one has had it already";
    {
        const interpreter python;
        CHECK_THROWS_WITH_AS(interpreter(), message, std::logic_error);
        CHECK(attribute<std::string>("os", "sep") == "/");
    }
    CHECK_THROWS_WITH_AS(interpreter(), message, std::logic_error);
}

TEST_CASE("an interpreter that somebody else has made is in the way") {
    Py_InitializeEx(0);
    CHECK_THROWS_AS(interpreter(), std::logic_error);
    CHECK(Py_FinalizeEx() == 0);
}

TEST_CASE("it is the Python that the framework was built with") {
    const interpreter python;
    CHECK(attribute<int>("sys", "hexversion") == PY_VERSION_HEX);
    const gil held;
    const bound version = held.token().import("sys").attr("version_info");
    CHECK(version[0].to<int>() == PY_MAJOR_VERSION);
    // Its standard library is there, with what is written in C.
    held.token().import("json");
    held.token().import("_socket");
    held.token().import("asyncio");
}

TEST_CASE("the arguments are sys.argv") {
    const interpreter python({.arguments = {"program", "--flag", "gr\u00fc\u00dfe"}});
    CHECK(attribute<std::vector<std::string>>("sys", "argv") ==
          std::vector<std::string>{"program", "--flag", "gr\u00fc\u00dfe"});
}

TEST_CASE("an argument that looks like one of Python's is the program's") {
    const interpreter python({.arguments = {"program", "-c", "raise SystemExit(3)", "-I"}});
    CHECK(attribute<std::vector<std::string>>("sys", "argv").size() == 4);
    const gil held;
    CHECK(held.token().import("sys").attr("flags").attr("isolated").to<int>() == 0);
}

TEST_CASE("modules are found next to the program, then in the search paths, in their order") {
    const temporary_folder first, second;
    first.write("pyasync_test_both.py", "place = 'first'");
    second.write("pyasync_test_both.py", "place = 'second'");
    second.write("pyasync_test_second.py", "place = 'second'");
    second.write("json.py", "place = 'second'");
    const interpreter python({.module_search_paths = {first.path(), second.path()}});
    const auto path = attribute<std::vector<std::string>>("sys", "path");
    REQUIRE(path.size() > 3);
    CHECK(fs::path(path[0]) == fs::read_symlink("/proc/self/exe").parent_path());
    CHECK(path[1] == first.path());
    CHECK(path[2] == second.path());
    CHECK(attribute<std::string>("pyasync_test_both", "place") == "first");
    CHECK(attribute<std::string>("pyasync_test_second", "place") == "second");
    CHECK(attribute<std::string>("json", "place") == "second");  // before the standard library
}

TEST_CASE("a relative search path is taken from where the program began") {
    const temporary_folder folder;
    folder.write("modules/pyasync_test_relative.py", "found = True");
    fs::current_path(folder.path());
    const interpreter python({.module_search_paths = {"modules"}});
    fs::current_path("/");
    CHECK(attribute<bool>("pyasync_test_relative", "found"));
}

TEST_CASE("the environment has its say, unless isolated") {
    const temporary_folder folder;
    folder.write("pyasync_test_env.py", "found = True");
    setenv("PYTHONPATH", folder.path().c_str(), 1);
    const interpreter python;
    CHECK(attribute<bool>("pyasync_test_env", "found"));
}

TEST_CASE("an isolated interpreter does not hear the environment, and has no program's folder") {
    const temporary_folder environment, searched;
    environment.write("pyasync_test_env.py", "");
    searched.write("pyasync_test_searched.py", "found = True");
    setenv("PYTHONPATH", environment.path().c_str(), 1);
    const interpreter python({.module_search_paths = {searched.path()}, .isolated = true});
    const auto path = attribute<std::vector<std::string>>("sys", "path");
    CHECK(path[0] == searched.path());
    CHECK(attribute<bool>("pyasync_test_searched", "found"));
    const gil held;
    CHECK(held.token().import("sys").attr("flags").attr("isolated").to<int>() == 1);
    CHECK(held.token().import("sys").attr("flags").attr("ignore_environment").to<int>() == 1);
    CHECK_THROWS_AS(held.token().import("pyasync_test_env"), python_error);
}

/// Runs a program; true where it exits with 0.
bool succeeds(std::vector<std::string> command) {
    std::vector<char*> arguments;
    for (std::string& each : command) arguments.push_back(each.data());
    arguments.push_back(nullptr);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        execv(arguments[0], arguments.data());
        _exit(127);
    }
    int status = -1;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// A virtual environment with one module of its own.
fs::path make_environment(const temporary_folder& folder) {
    const fs::path environment = folder.path() / "venv";
    REQUIRE(succeeds({PYASYNC_TEST_PYTHON, "-m", "venv", "--without-pip", environment.string()}));
    const std::string version = "python" + std::to_string(PY_MAJOR_VERSION) + "." + std::to_string(PY_MINOR_VERSION);
    folder.write("venv/lib/" + version + "/site-packages/pyasync_test_in_venv.py", "found = True");
    return environment;
}

TEST_CASE("an active virtual environment is used") {
    const temporary_folder folder;
    const fs::path environment = make_environment(folder);
    setenv("VIRTUAL_ENV", environment.c_str(), 1);
    const interpreter python;
    CHECK(attribute<bool>("pyasync_test_in_venv", "found"));
    CHECK(fs::path(attribute<std::string>("sys", "prefix")) == environment);
    CHECK(fs::path(attribute<std::string>("sys", "base_prefix")) != environment);
    CHECK(fs::path(attribute<std::string>("sys", "executable")) == environment / "bin" / "python3");
}

TEST_CASE("an isolated interpreter does not use the active virtual environment") {
    const temporary_folder folder;
    const fs::path environment = make_environment(folder);
    setenv("VIRTUAL_ENV", environment.c_str(), 1);
    const interpreter python({.isolated = true});
    CHECK(fs::path(attribute<std::string>("sys", "prefix")) != environment);
    const gil held;
    CHECK_THROWS_AS(held.token().import("pyasync_test_in_venv"), python_error);
}

TEST_CASE("an environment of another Python, or none, is passed over") {
    const temporary_folder folder;
    folder.write("venv/lib/python2.7/site-packages/pyasync_test_in_venv.py", "found = True");
    setenv("VIRTUAL_ENV", (folder.path() / "venv").c_str(), 1);
    const interpreter python;
    CHECK(attribute<std::string>("os", "sep") == "/");
    const gil held;
    CHECK_THROWS_AS(held.token().import("pyasync_test_in_venv"), python_error);
}

TEST_CASE("the module pyasync is there without being installed") {
    const interpreter python;
    const gil held;
    const bound module = held.token().import("pyasync");
    CHECK(module.has_attr("CppError"));
    CHECK(module.attr("__doc__").to<std::string>() == "What the C++ framework pyasync shows to Python.");
}

TEST_CASE("Ctrl-C is Python's") {
    std::signal(SIGINT, SIG_DFL);  // doctest's handler would be respected
    const interpreter python;
    const gil held;
    const bound signals = held.token().import("signal");
    CHECK(signals.call_method("getsignal", signals.attr("SIGINT")).is(signals.attr("default_int_handler")));
}

TEST_CASE("who holds the GIL is known also where there has been a second interpreter") {
    const interpreter python;
    const gil held;
    const bound others = held.token().import(PY_VERSION_HEX < 0x030D0000 ? "_xxsubinterpreters" : "_interpreters");
    others.call_method("destroy", others.call_method("create"));
    CHECK(detail::holds_gil());
    std::jthread([] { CHECK_FALSE(detail::holds_gil()); }).join();
}

TEST_CASE("finalising waits for those who hold the GIL, and turns new ones away") {
    interpreter python;
    std::latch holding(1), leave(1);
    std::jthread holder([&] {
        const gil held;
        holding.count_down();
        leave.wait();
    });
    holding.wait();
    CHECK_FALSE(python.finalise(0ms));
    CHECK(Py_IsInitialized() == 1);
    CHECK_THROWS_WITH_AS(gil(), no_interpreter, std::runtime_error);
    leave.count_down();
    CHECK(python.finalise(60s));
    CHECK(Py_IsInitialized() == 0);
    CHECK(python.finalise(0ms));  // it is already
}

TEST_CASE("finalising wakes up as soon as the last one has left") {
    interpreter python;
    std::latch holding(1);
    std::jthread holder([&] {
        const gil held;
        holding.count_down();
        // Nobody is turned away before finalising has begun.
        while (true) {
            try {
                const gil nested;
            } catch (const std::runtime_error&) {
                return;
            }
        }
    });
    holding.wait();
    CHECK(python.finalise(60s));
}

TEST_CASE("an interpreter that is abandoned stays as it is") {
    interpreter python;
    std::latch holding(1), leave(1);
    std::jthread holder([&] {
        const gil held;
        holding.count_down();
        leave.wait();
    });
    holding.wait();
    CHECK_FALSE(python.finalise(0ms));
    python.abandon();
    CHECK(python.finalise(0ms));
    CHECK(Py_IsInitialized() == 1);
    leave.count_down();
}

TEST_CASE("finalising releases what has died elsewhere, and runs Python's atexit") {
    const temporary_folder folder;
    const fs::path log = folder.path() / "log";
    {
        const interpreter python;
        object mortal;
        {
            const gil held;
            const bound builtins = held.token().import("builtins");
            const bound variables = builtins.attr("dict")(kw("log") = log.string());
            builtins.attr("exec")(
                "import atexit\n"
                "def note(what, open=open):\n"
                "    with open(log, 'a') as file: print(what, file=file)\n"
                "atexit.register(note, 'atexit')\n"
                "class Mortal:\n"
                "    def __del__(self, note=note): note('died')\n",
                variables);
            mortal = variables["Mortal"]().unbind();
        }
        std::jthread([&mortal] { mortal.reset(); }).join();
        CHECK_FALSE(fs::exists(log));
    }
    std::ifstream written(log);
    std::string first, second;
    CHECK(std::getline(written, first));
    CHECK(std::getline(written, second));
    CHECK(first == "died");
    CHECK(second == "atexit");
}

TEST_CASE("an object that outlives its interpreter does nothing") {
    std::optional<python_error> error;
    object kept, moved;
    {
        const interpreter python;
        const gil held;
        kept = held.token().import("sys").unbind();
        error = python_error::from(bound::borrow(held.token(), PyExc_ValueError)("late"));
    }
    moved = std::move(kept);
    moved.reset();
    CHECK(moved.empty());
    CHECK(std::string(error->what()) == "ValueError: late");
    CHECK(error->matches("Exception"));
    error.reset();
}

TEST_CASE("an interpreter that cannot start says why") {
    setenv("PYTHONHOME", "/no/such/folder", 1);
    try {
        const interpreter python;
        FAIL("it has started");
    } catch (const std::runtime_error& failure) {
        CHECK(std::string(failure.what()).starts_with("pyasync: Python could not be initialised: "));
    }
    CHECK_THROWS_WITH_AS(gil(), no_interpreter, std::runtime_error);
}

}  // namespace
}  // namespace pyasync::py
