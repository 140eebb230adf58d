// tests/standalone/static/program.cpp: runs Python code in a fully static file, with the standard library in a folder.
// SPDX-License-Identifier: MIT
#include <uv.h>

#include <pyasync/py/python.hpp>

namespace {

bool is_ready(const PyStatus& status) { return PyStatus_Exception(status) == 0; }

}  // namespace

// program <standard library> <code>
int main(int argc, char** argv) {
    if (argc != 3 || uv_default_loop() == nullptr) return 2;
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.site_import = 0;
    config.module_search_paths_set = 1;
    wchar_t* const library = Py_DecodeLocale(argv[1], nullptr);
    PyWideStringList_Append(&config.module_search_paths, library);
    PyMem_RawFree(library);
    const bool started = is_ready(PyConfig_SetBytesString(&config, &config.program_name, argv[0])) &&
                         is_ready(PyConfig_SetBytesString(&config, &config.home, argv[0])) &&
                         is_ready(Py_InitializeFromConfig(&config));
    PyConfig_Clear(&config);
    if (!started) return 3;
    const int failed = PyRun_SimpleString(argv[2]);
    return Py_FinalizeEx() < 0 || failed != 0 ? 1 : 0;
}
