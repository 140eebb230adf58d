// framework/src/py/interpreter.cpp: initialising CPython, and finalising it when everybody has left.
// SPDX-License-Identifier: MIT
#include <pyasync/py/interpreter.hpp>

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <optional>
#include <stdexcept>

#include <pyasync/core/fork.hpp>
#include <pyasync/py/carrier.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/convert_containers.hpp>
#include <pyasync/py/ending.hpp>
#include <pyasync/py/error.hpp>
#include <pyasync/py/gil.hpp>
#include <pyasync/py/let_go.hpp>
#include <pyasync/py/own_path.hpp>
#include <pyasync/py/reclaim.hpp>

namespace pyasync::py {
namespace detail {

/// The Python that the application was built with. CMake defines it anew in every executable that embeds Python
/// (PyasyncEmbeddedPython.cmake); it is not known where this library was built, but where it is used.
const char* built_with_python() noexcept;
[[gnu::weak]] const char* built_with_python() noexcept { return ""; }

[[gnu::weak]] const carrier* carrier_of_this_executable() noexcept { return nullptr; }

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
        if (PyModule_AddObjectRef(module, "CppError", detail::cpp_error_type(py)) == 0 &&
            PyModule_AddObjectRef(module, "ChannelClosed", detail::channel_closed_type(py)) == 0) {
            return module;
        }
    } catch (const python_error&) {
    }
    detail::let_go(module);
    return nullptr;
}

void check(const PyStatus& status) {
    if (PyStatus_Exception(status) == 0) return;
    const std::string reason = status.err_msg != nullptr ? status.err_msg : "it asked to exit";
    throw std::runtime_error("pyasync: Python could not be initialised: " + reason);
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

    void set_carrier(const detail::carrier& carrier) { check(carrier.configure(config_)); }
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
    PyConfig config_{};
};

bool is_there(const fs::path& path) noexcept { return ::access(path.c_str(), F_OK) == 0; }

/// The interpreter whose libraries and site-packages are to be used: the active virtual environment's, or the one that
/// the application was built with; none where CPython shall look for its own, as it does by itself.
fs::path home_interpreter(bool isolated) {
    const char* const active = isolated ? nullptr : std::getenv("VIRTUAL_ENV");
    if (active != nullptr) {
        const std::string version =
            "python" + std::to_string(PY_MAJOR_VERSION) + "." + std::to_string(PY_MINOR_VERSION);
        if (is_there(fs::path(active) / "lib" / version / "site-packages")) {
            return fs::path(active) / "bin" / "python3";
        }
    }
    const fs::path built_with = detail::built_with_python();
    return is_there(built_with) ? built_with : fs::path();
}

void extend_module_search_path(python py, const interpreter_options& options, bool with_own_folder) {
    std::vector<fs::path> first;
    if (with_own_folder) {
        const fs::path program = detail::own_path();
        if (!program.empty()) first.push_back(program.parent_path());
    }
    first.insert(first.end(), options.module_search_paths.begin(), options.module_search_paths.end());
    const bound path = py.import("sys").attr("path");
    int index = 0;
    for (const fs::path& folder : first) path.call_method("insert", index++, detail::absolute(folder).string());
}

}  // namespace

interpreter::interpreter(const interpreter_options& options) {
    if (exists_ || Py_IsInitialized() != 0) {
        throw std::logic_error("pyasync: a process has one interpreter, and this one has had it already");
    }
    exists_ = true;
    PyImport_AppendInittab("pyasync", &init_module);
    const detail::carrier* const carrier = detail::carrier_of_this_executable();
    const bool isolated = options.isolated || carrier != nullptr;
    if (carrier != nullptr) check(carrier->preinitialise());
    configuration config(isolated);
    if (carrier != nullptr) {
        config.set_carrier(*carrier);
    } else if (const fs::path program = home_interpreter(isolated); !program.empty()) {
        config.set_program(program);
    }
    for (const std::string& argument : options.arguments) config.add_argument(argument);
    config.initialise();
    detail::open_gil();
    const python py = detail::token_maker::make();
    if (carrier != nullptr) {
        carrier->prepare(py);
        if (const std::optional<int> code = carrier->serve(py)) {
            Py_FinalizeEx();
            std::exit(*code);
        }
    }
    extend_module_search_path(py, options, !isolated);
    main_thread_ = PyEval_SaveThread();
}

interpreter::~interpreter() {
    constexpr auto patience = std::chrono::seconds(10);
    static_cast<void>(finalise(patience));
}

/// The GIL, which nobody else uses any more.
bool interpreter::take_back(std::chrono::milliseconds limit) {
    // Those whom a forked child would wait for are in its parent.
    if (!pyasync::detail::in_forked_child() && !detail::close_gil(limit)) return false;
    PyEval_RestoreThread(std::exchange(main_thread_, nullptr));
    detail::reclaim(detail::token_maker::make());
    return true;
}

bool interpreter::finalise(std::chrono::milliseconds limit) {
    if (main_thread_ == nullptr) return true;
    if (!take_back(limit)) return false;
    Py_FinalizeEx();
    return true;
}

bool interpreter::leave(std::chrono::milliseconds limit) {
    if (main_thread_ == nullptr) return true;
    if (!take_back(limit)) return false;
    detail::end_without_taking_apart(detail::token_maker::make());
    return true;
}

}  // namespace pyasync::py
