# cmake/PyasyncPython.cmake: the CPython that pyasync and what uses it are built with.
# SPDX-License-Identifier: MIT

# Gives Python::Interpreter, Python::Module and, where there is a libpython.so, Python::Python. Where there is no
# CPython that will do, pyasync_fault is a text that says why. An installed pyasync says beforehand which one will do:
#   pyasync_python_this, pyasync_python_next   its minor version, and the one behind it
#   pyasync_python_suffix                      what its extension modules end with

if(pyasync_python_this)
  set(pyasync_python_versions "${pyasync_python_this}...<${pyasync_python_next}")
  set(pyasync_python_wanted "CPython ${pyasync_python_this}, for which it was built")
else()
  # No upper bound: a new one that breaks the build says so itself, and most do not.
  set(pyasync_python_this 3.11)
  set(pyasync_python_next 4)
  set(pyasync_python_versions 3.11)
  set(pyasync_python_wanted "CPython 3.11 or newer")
endif()

# An application loads extension modules that expect CPython's symbols in its process: a shared libpython has them there
# for nothing, a static one only in a program linked specially for it.
if(NOT DEFINED Python_USE_STATIC_LIBS)
  set(Python_USE_STATIC_LIBS FALSE)
endif()
set(pyasync_python_was "${Python_EXECUTABLE}")
if(pyasync_FIND_QUIETLY)
  set(pyasync_quiet QUIET)
endif()
find_package(Python ${pyasync_python_versions} ${pyasync_quiet}
  COMPONENTS Interpreter Development.Module OPTIONAL_COMPONENTS Development.Embed)

set(pyasync_python_hint "\
  Debian, Ubuntu: apt-get install python3-dev.  Fedora: dnf install python3-devel.\n\
  pyenv: PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install <version>.\n\
  To use another CPython: -DPython_EXECUTABLE=/path/to/python3\n")

set(pyasync_fault "")
if(NOT Python_Interpreter_FOUND
   OR Python_VERSION VERSION_LESS pyasync_python_this OR Python_VERSION VERSION_GREATER_EQUAL pyasync_python_next)
  if(NOT pyasync_python_was)
    set(pyasync_python_was python3)
  endif()
  set(pyasync_fault "pyasync needs ${pyasync_python_wanted}: '${pyasync_python_was}' is not one, or does not run.\n")
elseif(NOT Python_Development.Module_FOUND)
  set(pyasync_fault "pyasync needs CPython's headers, and ${Python_EXECUTABLE} (${Python_VERSION}) has none.\n")
else()
  # FindPython leaves Python::Interpreter what it was before, and changes Python::Module.
  get_target_property(pyasync_python_before Python::Interpreter LOCATION)
  file(REAL_PATH "${pyasync_python_before}" pyasync_python_real_before)
  file(REAL_PATH "${Python_EXECUTABLE}" pyasync_python_real)
  if(NOT pyasync_python_real_before STREQUAL pyasync_python_real)
    set(pyasync_fault "pyasync needs ${pyasync_python_wanted}, and has found ${Python_EXECUTABLE}; but this project has found \
another one before: ${pyasync_python_before}.\n")
  endif()
endif()

if(NOT pyasync_fault)
  # What extension modules end with: ".cpython-311-x86_64-linux-gnu.so".
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'), end='')"
    OUTPUT_VARIABLE pyasync_extension_suffix COMMAND_ERROR_IS_FATAL ANY)
  set(pyasync_extension_suffix "${pyasync_extension_suffix}" CACHE INTERNAL "What extension modules end with")
  if(pyasync_python_suffix AND NOT pyasync_extension_suffix STREQUAL pyasync_python_suffix)
    set(pyasync_fault "pyasync needs ${pyasync_python_wanted}: its extension modules end with ${pyasync_python_suffix}, \
those of ${Python_EXECUTABLE} with ${pyasync_extension_suffix}.\n")
  endif()
endif()
if(pyasync_fault)
  string(APPEND pyasync_fault "${pyasync_python_hint}")
  return()
endif()

# FindPython matches major and minor only. Where the interpreter has no shared library it may take that of another
# CPython, which would then run with the interpreter's standard library. (Without ctypes there is no telling, and no
# harm in trying.)
set(pyasync_has_libpython ${Python_Development.Embed_FOUND})
execute_process(
  COMMAND "${Python_EXECUTABLE}" -c "import ctypes, sys
version = ctypes.CDLL(sys.argv[1]).Py_GetVersion
version.restype = ctypes.c_char_p
print(version().decode().split()[0])" "${Python_LIBRARIES}"
  OUTPUT_VARIABLE pyasync_python_library_version OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
execute_process(
  COMMAND "${Python_EXECUTABLE}" -c "import sys; print(sys.version.split()[0])"
  OUTPUT_VARIABLE pyasync_python_version OUTPUT_STRIP_TRAILING_WHITESPACE)
if(pyasync_python_library_version AND NOT pyasync_python_library_version STREQUAL pyasync_python_version)
  set(pyasync_has_libpython FALSE)
endif()
