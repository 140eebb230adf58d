# cmake/PyasyncAddApp.cmake: pyasync_add_app(), an executable that embeds Python.
# SPDX-License-Identifier: MIT
include_guard(GLOBAL)
include(PyasyncPlacePythonModules)

# pyasync_add_app(<name> SOURCES <file>... [PYTHON_MODULES <file>...] [SHARED_PYTHON])
#
# Adds the executable <name>, linked with pyasync. The Python modules are placed next to it, where `import` finds them.
# CPython is linked into it where its installation allows that (see PyasyncEmbeddedPython.cmake), unless SHARED_PYTHON
# says that libpython.so is to be used: by a program that has other libraries which need that file, or that has to be
# small.
function(pyasync_add_app name)
  cmake_parse_arguments(PARSE_ARGV 1 APP "SHARED_PYTHON" "" "SOURCES;PYTHON_MODULES")
  if(APP_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "pyasync_add_app(${name}): unknown arguments: ${APP_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT APP_SOURCES)
    message(FATAL_ERROR "pyasync_add_app(${name}): name at least one file after SOURCES")
  endif()
  pyasync_require_embedded_python("pyasync_add_app(${name})")
  add_executable(${name} ${APP_SOURCES})
  target_link_libraries(${name} PRIVATE pyasync::pyasync)
  if(APP_SHARED_PYTHON)
    set_target_properties(${name} PROPERTIES PYASYNC_SHARED_PYTHON ON)
  endif()
  pyasync_place_python_modules(${name} ${APP_PYTHON_MODULES})
endfunction()
