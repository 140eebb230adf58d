# cmake/PyasyncDependencies.cmake: CPython, libuv, fmt and doctest: the system's, else a pinned release.
# SPDX-License-Identifier: MIT
include_guard(GLOBAL)

# The rest of the build names only what this file gives it: Python::Module, Threads::Threads, pyasync::libuv, fmt::fmt,
# fmt::fmt-header-only and doctest::doctest; and Python::Python, where there is a libpython.so.

set(PYASYNC_FETCH_DEPENDENCIES AUTO CACHE STRING
  "Download pinned releases of libuv, fmt and doctest: AUTO (what the system lacks), ALWAYS (all of them) or NEVER")
set_property(CACHE PYASYNC_FETCH_DEPENDENCIES PROPERTY STRINGS AUTO ALWAYS NEVER)
if(NOT PYASYNC_FETCH_DEPENDENCIES MATCHES "^(AUTO|ALWAYS|NEVER)$")
  message(FATAL_ERROR "PYASYNC_FETCH_DEPENDENCIES is AUTO, ALWAYS or NEVER, not '${PYASYNC_FETCH_DEPENDENCIES}'")
endif()

# Fetched libraries are built with the sanitizer too, so its flags have to be set before they are added.
include(PyasyncCompileOptions)

# A project that adds pyasync as a subdirectory calls pyasync_add_app() outside it, and needs the targets there as well.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

set(CMAKE_THREAD_PREFER_PTHREAD ON)
find_package(Threads REQUIRED)

# CPython's version has no upper bound: a new one that breaks the build says so itself, and most do not.
#
# An application loads extension modules that expect CPython's symbols in its process: a shared libpython has them there
# for nothing, a static one only in a program linked specially for it.
if(NOT DEFINED Python_USE_STATIC_LIBS)
  set(Python_USE_STATIC_LIBS FALSE)
endif()
find_package(Python 3.11 COMPONENTS Interpreter Development.Module OPTIONAL_COMPONENTS Development.Embed)

set(pyasync_python_hint "\
  Debian, Ubuntu: apt-get install python3-dev.  Fedora: dnf install python3-devel.\n\
  pyenv: PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install <version>.\n\
  To use another CPython: -DPython_EXECUTABLE=/path/to/python3\n")
if(NOT Python_Interpreter_FOUND OR Python_VERSION VERSION_LESS 3.11)
  message(FATAL_ERROR "pyasync needs CPython 3.11 or newer: '${Python_EXECUTABLE}' is not one, or does not run.\n"
                      "${pyasync_python_hint}")
elseif(NOT Python_Development.Module_FOUND)
  message(FATAL_ERROR "pyasync needs CPython's headers, and ${Python_EXECUTABLE} (${Python_VERSION}) has none.\n"
                      "${pyasync_python_hint}")
endif()

# FindPython matches major and minor only. Where the interpreter has no shared library it may take that of another CPython,
# which would then run with the interpreter's standard library. (Without ctypes there is no telling, and no harm in trying.)
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

# What extension modules end with: ".cpython-311-x86_64-linux-gnu.so".
execute_process(
  COMMAND "${Python_EXECUTABLE}" -c "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'), end='')"
  OUTPUT_VARIABLE pyasync_extension_suffix COMMAND_ERROR_IS_FATAL ANY)
set(pyasync_extension_suffix "${pyasync_extension_suffix}" CACHE INTERNAL "What extension modules end with")

# pyasync_fetch(<name> VERSION <version> MINIMUM <version> URL <url> SHA256 <hash> PACKAGES <text>)
#
# Adds the pinned release of a library that was not found, unless PYASYNC_FETCH_DEPENDENCIES says not to.
# The library is static, can be linked into extension modules, and is neither tested nor installed with pyasync.
function(pyasync_fetch name)
  cmake_parse_arguments(PARSE_ARGV 1 FETCH "" "VERSION;MINIMUM;URL;SHA256;PACKAGES" "")
  if(PYASYNC_FETCH_DEPENDENCIES STREQUAL "NEVER")
    set_property(GLOBAL APPEND_STRING PROPERTY PYASYNC_MISSING "  ${name} ${FETCH_MINIMUM} or newer: ${FETCH_PACKAGES}\n")
    return()
  elseif(PYASYNC_FETCH_DEPENDENCIES STREQUAL "AUTO")
    message(STATUS "pyasync: found no ${name} ${FETCH_MINIMUM} or newer, so ${FETCH_VERSION} is fetched from ${FETCH_URL}; "
                   "its packages are ${FETCH_PACKAGES}")
  else()
    message(STATUS "pyasync: fetching ${name} ${FETCH_VERSION} from ${FETCH_URL}")
  endif()

  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)     # option() of the library keeps the values set here
  set(BUILD_SHARED_LIBS OFF)
  set(BUILD_TESTING OFF)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  set(CMAKE_COMPILE_WARNING_AS_ERROR OFF)
  set(CMAKE_C_CLANG_TIDY "")
  set(CMAKE_CXX_CLANG_TIDY "")
  set(LIBUV_BUILD_SHARED OFF)
  set(FMT_INSTALL OFF)
  set(FMT_TEST OFF)
  set(FMT_DOC OFF)
  set(DOCTEST_NO_INSTALL ON)
  set(DOCTEST_WITH_TESTS OFF)
  set(DOCTEST_WITH_MAIN_IN_STATIC_LIB OFF)

  include(FetchContent)
  FetchContent_Declare(${name} URL "${FETCH_URL}" URL_HASH "SHA256=${FETCH_SHA256}")
  FetchContent_MakeAvailable(${name})
  # Set by hand because FetchContent_Declare() of CMake 3.25 has no EXCLUDE_FROM_ALL and passes SYSTEM on as part of the hash.
  # EXCLUDE_FROM_ALL also keeps the library's install rules out of ours, SYSTEM its headers' warnings.
  set_property(DIRECTORY "${${name}_SOURCE_DIR}" PROPERTY EXCLUDE_FROM_ALL ON)
  get_property(targets DIRECTORY "${${name}_SOURCE_DIR}" PROPERTY BUILDSYSTEM_TARGETS)
  set_target_properties(${targets} PROPERTIES SYSTEM ON)
endfunction()

# Sets <result> to whether an archive can be linked into a shared library: Debian's of libuv cannot.
function(pyasync_can_be_in_modules result archive)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/archive.cpp" CONTENT "int one() { return 1; }\n")
  try_compile(${result} "${PROJECT_BINARY_DIR}/archive" "${PROJECT_BINARY_DIR}/archive.cpp" CMAKE_FLAGS
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON
    LINK_OPTIONS -shared LINK_LIBRARIES -Wl,--whole-archive ${archive} -Wl,--no-whole-archive ${ARGN})
  set(${result} ${${result}} PARENT_SCOPE)
endfunction()

# Defines pyasync::libuv in terms of another target. It is an imported target so that an installed pyasync refers to it by
# name, whatever libuv it was built with. Extension modules get the archive, where there is one besides that can be linked into
# them: they shall need nothing but libc. (PYASYNC_FETCH_DEPENDENCIES=ALWAYS sees to that in any case.)
function(pyasync_use_libuv target)
  add_library(pyasync::libuv INTERFACE IMPORTED GLOBAL)
  if(ARGC EQUAL 2)
    set(is_module "$<STREQUAL:$<TARGET_PROPERTY:TYPE>,MODULE_LIBRARY>")
    target_link_libraries(pyasync::libuv INTERFACE "$<IF:${is_module},${ARGV1},${target}>")
  else()
    target_link_libraries(pyasync::libuv INTERFACE ${target})
  endif()
endfunction()

# Defines pyasync::libuv if the system has libuv <minimum> or newer: as pkg-config knows it, or as a CMake package.
function(pyasync_find_libuv minimum)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(pyasync_libuv QUIET IMPORTED_TARGET GLOBAL "libuv>=${minimum}")
    if(pyasync_libuv_FOUND)
      message(STATUS "Found libuv ${pyasync_libuv_VERSION} (pkg-config)")
      pkg_check_modules(pyasync_libuv_archive QUIET IMPORTED_TARGET GLOBAL "libuv-static=${pyasync_libuv_VERSION}")
      if(pyasync_libuv_archive_FOUND)
        pyasync_can_be_in_modules(pyasync_libuv_archive_in_modules ${pyasync_libuv_archive_LINK_LIBRARIES})
      endif()
      if(pyasync_libuv_archive_in_modules)
        pyasync_use_libuv(PkgConfig::pyasync_libuv PkgConfig::pyasync_libuv_archive)
      else()
        pyasync_use_libuv(PkgConfig::pyasync_libuv)
      endif()
      return()
    endif()
  endif()
  # libuv's CMake package tells no version, so it is read from the header.
  find_package(libuv CONFIG QUIET)
  foreach(target IN ITEMS libuv::uv libuv::uv_a)
    if(TARGET ${target})
      get_target_property(directories ${target} INTERFACE_INCLUDE_DIRECTORIES)
      find_file(version_header uv/version.h PATHS ${directories} NO_CACHE NO_DEFAULT_PATH)
      if(version_header)
        file(STRINGS "${version_header}" numbers REGEX "^#define UV_VERSION_(MAJOR|MINOR|PATCH) [0-9]+$")
        list(TRANSFORM numbers REPLACE "^.* " "")
        list(JOIN numbers "." version)
        if(version VERSION_GREATER_EQUAL minimum)
          message(STATUS "Found libuv ${version} (${libuv_CONFIG})")
          pyasync_use_libuv(${target})
          return()
        endif()
      endif()
    endif()
  endforeach()
endfunction()

# A project that adds pyasync as a subdirectory may have brought its own.
if(TARGET uv_a)
  pyasync_use_libuv(uv_a)
endif()

if(NOT PYASYNC_FETCH_DEPENDENCIES STREQUAL "ALWAYS")
  if(NOT TARGET pyasync::libuv)
    pyasync_find_libuv(1.44)
  endif()
  if(NOT TARGET fmt::fmt)
    find_package(fmt 9 CONFIG QUIET)
  endif()
  if(PYASYNC_BUILD_TESTS AND NOT TARGET doctest::doctest)
    find_package(doctest 2.4.9 CONFIG QUIET)
  endif()
endif()

if(NOT TARGET pyasync::libuv)
  pyasync_fetch(libuv VERSION 1.51.0 MINIMUM 1.44
    URL https://github.com/libuv/libuv/archive/v1.51.0.tar.gz
    SHA256 27e55cf7083913bfb6826ca78cde9de7647cded648d35f24163f2d31bb9f51cd
    PACKAGES "libuv1-dev (Debian, Ubuntu), libuv-devel (Fedora, openSUSE), libuv (Arch, Homebrew)")
  if(TARGET uv_a)
    pyasync_use_libuv(uv_a)
  endif()
endif()
if(NOT TARGET fmt::fmt)
  pyasync_fetch(fmt VERSION 11.2.0 MINIMUM 9
    URL https://github.com/fmtlib/fmt/archive/11.2.0.tar.gz
    SHA256 bc23066d87ab3168f27cef3e97d545fa63314f5c79df5ea444d41d56f962c6af
    PACKAGES "libfmt-dev (Debian, Ubuntu), fmt-devel (Fedora, openSUSE), fmt (Arch, Homebrew)")
endif()
if(PYASYNC_BUILD_TESTS AND NOT TARGET doctest::doctest)
  pyasync_fetch(doctest VERSION 2.4.12 MINIMUM 2.4.9
    URL https://github.com/doctest/doctest/archive/v2.4.12.tar.gz
    SHA256 73381c7aa4dee704bd935609668cf41880ea7f19fa0504a200e13b74999c2d70
    PACKAGES "doctest-dev (Debian, Ubuntu), doctest-devel (Fedora, openSUSE), doctest (Arch, Homebrew)")
endif()

get_property(pyasync_missing GLOBAL PROPERTY PYASYNC_MISSING)
if(pyasync_missing)
  message(FATAL_ERROR "These libraries are missing or too old, and PYASYNC_FETCH_DEPENDENCIES=NEVER forbids to download them. "
                      "Install their packages:\n${pyasync_missing}")
endif()
