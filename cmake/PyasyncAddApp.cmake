# cmake/PyasyncAddApp.cmake: pyasync_add_app(), an executable that embeds Python.
# SPDX-License-Identifier: MIT
include_guard(GLOBAL)
include(PyasyncPlacePythonModules)
include(PyasyncStandalone)

# pyasync_add_app(<name> SOURCES <file>... [PYTHON_MODULES <file>...] [RESOURCES <file>...] [SHARED_PYTHON]
#                 [STANDALONE <how>...])
#
# Adds the executable <name>, linked with pyasync. The Python modules are placed next to it, where `import` finds them, and
# so are the resources, which `importlib.resources` finds in their packages. With STANDALONE all of them are in the
# executable, and Python is, too: see PyasyncStandalone.cmake, which says what else can follow then.
# CPython is linked into it where its installation allows that (see PyasyncEmbeddedPython.cmake), unless SHARED_PYTHON
# says that libpython.so is to be used: by a program that has other libraries which need that file, or that has to be
# small.
function(pyasync_add_app name)
  cmake_parse_arguments(PARSE_ARGV 1 APP "SHARED_PYTHON;STANDALONE" "${pyasync_standalone_single}"
    "SOURCES;PYTHON_MODULES;RESOURCES;${pyasync_standalone_lists}")
  if(APP_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "pyasync_add_app(${name}): unknown arguments: ${APP_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT APP_SOURCES)
    message(FATAL_ERROR "pyasync_add_app(${name}): name at least one file after SOURCES")
  endif()
  pyasync_require_embedded_python("pyasync_add_app(${name})")
  foreach(argument IN LISTS pyasync_standalone_single pyasync_standalone_lists)
    if(DEFINED APP_${argument} AND NOT APP_STANDALONE)
      message(FATAL_ERROR "pyasync_add_app(${name}): ${argument} says how a STANDALONE executable is made: add STANDALONE")
    endif()
  endforeach()
  add_executable(${name} ${APP_SOURCES})
  target_link_libraries(${name} PRIVATE pyasync::pyasync)
  if(APP_SHARED_PYTHON)
    set_target_properties(${name} PROPERTIES PYASYNC_SHARED_PYTHON ON)
  endif()
  if(APP_STANDALONE)
    pyasync_make_standalone(${name})
  else()
    pyasync_place_python_modules(${name} ${APP_PYTHON_MODULES} ${APP_RESOURCES})
  endif()
endfunction()
