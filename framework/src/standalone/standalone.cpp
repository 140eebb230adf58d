// framework/src/standalone/standalone.cpp: how Python starts in an executable that has it inside.
// SPDX-License-Identifier: MIT
#include <malloc.h>
#include <sys/prctl.h>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <pyasync/py/carrier.hpp>
#include <pyasync/py/convert.hpp>
#include <pyasync/py/convert_containers.hpp>
#include <pyasync/py/object.hpp>
#include <pyasync/py/own_path.hpp>

#include "archive_module.hpp"

namespace pyasync::detail {
namespace {

int argument_count = 0;
char** argument_values = nullptr;

/// What main gets, before it gets it.
[[gnu::constructor]] void keep_arguments(int count, char** values, char**) {
    argument_count = count;
    argument_values = values;
    constexpr int step = 1 << 20;
    ::mallopt(M_TOP_PAD, step);  // Python's start asks for memory thirty times, by as many system calls
}

/// Where COMPRESS exe has packed it, this is a file in memory, and the launcher says in the environment which one that came out
/// of: that is nobody else's business.
std::string executable_path() {
    constexpr const char* variable = "PYASYNC_EXECUTABLE";
    std::string path = py::detail::own_path().string();
    const char* const packed = std::getenv(variable);
    if (packed == nullptr || (!path.starts_with("/memfd:") && !path.starts_with("/dev/fd/"))) return path;
    path = packed;
    ::unsetenv(variable);
    ::prctl(PR_SET_NAME, path.c_str() + path.rfind('/') + 1);
    return path;
}

/// Does the command line look as `multiprocessing` makes it for the processes that it starts? It runs `sys.executable`
/// for them, and takes that for a Python or, as `sys.frozen` says, for a program that sees to it.
bool is_for_multiprocessing() noexcept {
    using std::string_view_literals::operator""sv;
    const auto argument = [](int i) { return i < argument_count ? std::string_view(argument_values[i]) : ""sv; };
    if (argument(1) == "--multiprocessing-fork"sv) {
        for (int i = 2; i < argument_count; ++i) {
            if (argument(i).starts_with("pipe_handle="sv)) return true;
        }
        return false;
    }
    for (int i = 1; i < argument_count; ++i) {
        if (argument(i) == "-c"sv) {
            return argument(i + 1).starts_with("from multiprocessing.forkserver import main; main("sv) ||
                   argument(i + 1).starts_with("from multiprocessing.resource_tracker import main;main("sv);
        }
        if (!argument(i).starts_with('-') && argument(i - 1) != "-X"sv) return false;
    }
    return false;
}

/// What Python needs before it can use the importer, and the importer.
constexpr std::array frozen_modules{"encodings", "encodings.aliases", "encodings.utf_8", "_pyasync_importer"};

class standalone final : public py::detail::carrier {
public:
    explicit standalone(const unsigned char* begin) noexcept : archive_(begin) {}

    PyStatus preinitialise() const noexcept override {
        PyPreConfig config;
        PyPreConfig_InitIsolatedConfig(&config);
        config.utf8_mode = 1;
        return Py_PreInitialize(&config);
    }

    PyStatus configure(PyConfig& config) const noexcept override {
        freeze();
        add_archive_module(archive_);
        config.site_import = 0;
        config.write_bytecode = 0;
        config.pathconfig_warnings = 0;
        config.module_search_paths_set = 1;
        try {
            const std::string executable = executable_path();
            // Without a home, CPython looks for files beside the executable that say where its library is.
            for (wchar_t** const field : {&config.program_name, &config.executable, &config.home}) {
                const PyStatus status = PyConfig_SetBytesString(&config, field, executable.c_str());
                if (PyStatus_Exception(status) != 0) return status;
            }
        } catch (const std::bad_alloc&) {
            return PyStatus_NoMemory();
        }
        return PyStatus_Ok();
    }

    void prepare(py::python py) const override { py.import("_pyasync_importer").attr("install")(); }

    [[nodiscard]] std::optional<int> serve(py::python py) const override {
        if (!is_for_multiprocessing() || !archive_.find_module("_pyasync_children")) return std::nullopt;
        const std::vector<std::string> arguments(argument_values + 1, argument_values + argument_count);
        return py.import("_pyasync_children").attr("serve")(arguments).to<int>();
    }

private:
    /// CPython keeps the pointer to the table, and to the code in the archive.
    void freeze() const noexcept {
        static std::array<_frozen, frozen_modules.size() + 1> table{};
        std::size_t used = 0;
        for (const char* const name : frozen_modules) {
            const auto found = archive_.find_module(name);
            if (!found) continue;
            _frozen& entry = table[used++];
            entry.name = name;
            entry.code = reinterpret_cast<const unsigned char*>(found->code.data());
            entry.size = static_cast<int>(found->code.size());
            entry.is_package = found->kind == archive::kind::package ? 1 : 0;
        }
        PyImport_FrozenModules = table.data();
    }

    archive archive_;
};

}  // namespace
}  // namespace pyasync::detail

namespace pyasync::py::detail {

const carrier& carrier_of_archive(const unsigned char* begin) noexcept {
    static const pyasync::detail::standalone only(begin);
    return only;
}

}  // namespace pyasync::py::detail
