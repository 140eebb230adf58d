# cmake/PyasyncAddModule.cmake: pyasync_add_module(), an extension module that Python imports.
# SPDX-License-Identifier: MIT
include_guard(GLOBAL)
include(PyasyncPlacePythonModules)

# pyasync_add_module(<name> SOURCES <file>... [PYTHON_MODULES <file>...])
#
# Adds the extension module <name>, as PYASYNC_MODULE(<name>, ...) in its sources calls it: a file that Python imports,
# linked with pyasync::module. It needs no libpython, and libuv is in it where there is an archive of libuv. The Python
# modules (and type stubs) are placed next to it. To make a wheel, install(TARGETS <name> DESTINATION <package>).
function(pyasync_add_module name)
  cmake_parse_arguments(PARSE_ARGV 1 MODULE "" "" "SOURCES;PYTHON_MODULES")
  if(MODULE_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "pyasync_add_module(${name}): unknown arguments: ${MODULE_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT MODULE_SOURCES)
    message(FATAL_ERROR "pyasync_add_module(${name}): name at least one file after SOURCES")
  endif()
  add_library(${name} MODULE ${MODULE_SOURCES})
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX "${pyasync_extension_suffix}"
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_link_libraries(${name} PRIVATE pyasync::module)
  if(NOT APPLE)
    set(exported "${CMAKE_BINARY_DIR}/CMakeFiles/pyasync/module_symbols.txt")
    file(CONFIGURE OUTPUT "${exported}" CONTENT "{ global: PyInit_*; local: *; };\n")
    target_link_options(${name} PRIVATE "-Wl,--version-script=${exported}")
  endif()
  pyasync_place_python_modules(${name} ${MODULE_PYTHON_MODULES})
endfunction()
