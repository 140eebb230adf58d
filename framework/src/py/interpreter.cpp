// framework/src/py/interpreter.cpp: initialising CPython, and finalising it when everybody has left.
// SPDX-License-Identifier: MIT
#include <pyasync/py/interpreter.hpp>

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include <pyasync/core/fork.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/convert_containers.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/gil.hpp>
#include <pyasync/py/let_go.hpp>
#include <pyasync/py/reclaim.hpp>

namespace pyasync::py {
namespace detail {

/// The Python that the application was built with. CMake defines it anew in every executable that embeds Python
/// (PyasyncEmbeddedPython.cmake); it is not known where this library was built, but where it is used.
const char* built_with_python() noexcept;
[[gnu::weak]] const char* built_with_python() noexcept { return ""; }

}  // namespace detail

namespace {

namespace fs = std::filesystem;

/// The module `pyasync` of the applications.
PyObject* init_module() {
    static PyModuleDef definition{.m_base = PyModuleDef_HEAD_INIT,
                                  .m_name = "pyasync",
                                  .m_doc = "What the C++ framework pyasync shows to Python.",
                                  .m_size = -1,
                                  .m_methods = nullptr,
                                  .m_slots = nullptr,
                                  .m_traverse = nullptr,
                                  .m_clear = nullptr,
                                  .m_free = nullptr};
    PyObject* const module = PyModule_Create(&definition);
    if (module == nullptr) return nullptr;
    try {
        const python py = detail::token_maker::make();
        if (PyModule_AddObjectRef(module, "CppError", detail::cpp_error_type(py)) == 0) return module;
    } catch (const python_error&) {
    }
    detail::let_go(module);
    return nullptr;
}

class configuration {
public:
    explicit configuration(bool isolated) noexcept {
        isolated ? PyConfig_InitIsolatedConfig(&config_) : PyConfig_InitPythonConfig(&config_);
        config_.parse_argv = 0;
        config_.install_signal_handlers = 1;
    }
    configuration(const configuration&) = delete;
    configuration& operator=(const configuration&) = delete;
    ~configuration() { PyConfig_Clear(&config_); }

    void set_program(const fs::path& program) {
        check(PyConfig_SetBytesString(&config_, &config_.program_name, program.c_str()));
    }
    void add_argument(const std::string& argument) {
        wchar_t* const decoded = Py_DecodeLocale(argument.c_str(), nullptr);
        if (decoded == nullptr) throw std::bad_alloc();
        const PyStatus status = PyWideStringList_Append(&config_.argv, decoded);
        PyMem_RawFree(decoded);
        check(status);
    }
    void initialise() {
        // A Ctrl-C that comes while Python starts waits until it can be told from a failure.
        sigset_t interrupt;
        sigset_t before;
        sigemptyset(&interrupt);
        sigaddset(&interrupt, SIGINT);
        pthread_sigmask(SIG_BLOCK, &interrupt, &before);
        const PyStatus status = Py_InitializeFromConfig(&config_);
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        check(status);
    }

private:
    static void check(const PyStatus& status) {
        if (PyStatus_Exception(status) == 0) return;
        const std::string reason = status.err_msg != nullptr ? status.err_msg : "it asked to exit";
        throw std::runtime_error("pyasync: Python could not be initialised: " + reason);
    }

    PyConfig config_{};
};

/// The interpreter whose libraries and site-packages are to be used: the active virtual environment's, or the one that
/// the application was built with; none where CPython shall look for its own, as it does by itself.
fs::path home_interpreter(bool isolated) {
    const char* const active = isolated ? nullptr : std::getenv("VIRTUAL_ENV");
    if (active != nullptr) {
        const std::string version =
            "python" + std::to_string(PY_MAJOR_VERSION) + "." + std::to_string(PY_MINOR_VERSION);
        std::error_code ignored;
        if (fs::exists(fs::path(active) / "lib" / version / "site-packages", ignored)) {
            return fs::path(active) / "bin" / "python3";
        }
    }
    std::error_code ignored;
    const fs::path built_with = detail::built_with_python();
    return fs::exists(built_with, ignored) ? built_with : fs::path();
}

void extend_module_search_path(python py, const interpreter_options& options) {
    std::vector<fs::path> first;
    std::error_code unknown;
    if (!options.isolated) {
        const fs::path program = fs::read_symlink("/proc/self/exe", unknown);
        if (!unknown) first.push_back(program.parent_path());
    }
    first.insert(first.end(), options.module_search_paths.begin(), options.module_search_paths.end());
    const bound path = py.import("sys").attr("path");
    int index = 0;
    for (const fs::path& folder : first) path.call_method("insert", index++, fs::absolute(folder).string());
}

}  // namespace

interpreter::interpreter(const interpreter_options& options) {
    if (exists_ || Py_IsInitialized() != 0) {
        throw std::logic_error("pyasync: a process has one interpreter, and this one has had it already");
    }
    exists_ = true;
    PyImport_AppendInittab("pyasync", &init_module);
    configuration config(options.isolated);
    if (const fs::path program = home_interpreter(options.isolated); !program.empty()) config.set_program(program);
    for (const std::string& argument : options.arguments) config.add_argument(argument);
    config.initialise();
    detail::open_gil();
    extend_module_search_path(detail::token_maker::make(), options);
    main_thread_ = PyEval_SaveThread();
}

interpreter::~interpreter() {
    constexpr auto patience = std::chrono::seconds(10);
    static_cast<void>(finalise(patience));
}

bool interpreter::finalise(std::chrono::milliseconds limit) {
    if (main_thread_ == nullptr) return true;
    // Those whom a forked child would wait for are in its parent.
    if (!pyasync::detail::in_forked_child() && !detail::close_gil(limit)) return false;
    PyEval_RestoreThread(std::exchange(main_thread_, nullptr));
    detail::reclaim(detail::token_maker::make());
    Py_FinalizeEx();
    return true;
}

}  // namespace pyasync::py
