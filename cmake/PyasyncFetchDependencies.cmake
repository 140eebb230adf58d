# cmake/PyasyncFetchDependencies.cmake: pinned releases of the libraries that the system lacks.
# SPDX-License-Identifier: MIT
include_guard(GLOBAL)

set(PYASYNC_FETCH_DEPENDENCIES AUTO CACHE STRING
  "Download pinned releases of libuv, fmt and doctest: AUTO (what the system lacks), ALWAYS (all of them) or NEVER")
set_property(CACHE PYASYNC_FETCH_DEPENDENCIES PROPERTY STRINGS AUTO ALWAYS NEVER)
if(NOT PYASYNC_FETCH_DEPENDENCIES MATCHES "^(AUTO|ALWAYS|NEVER)$")
  message(FATAL_ERROR "PYASYNC_FETCH_DEPENDENCIES is AUTO, ALWAYS or NEVER, not '${PYASYNC_FETCH_DEPENDENCIES}'")
endif()

# Fetched libraries are built with the sanitizer too, so its flags have to be set before they are added.
include(PyasyncCompileOptions)
include(PyasyncDependencies)

# pyasync_fetch(<name> VERSION <version> URL <url> SHA256 <hash>)
#
# Adds the pinned release of a library that was not found, unless PYASYNC_FETCH_DEPENDENCIES says not to.
# The library is static, can be linked into extension modules, and is neither tested nor installed with pyasync.
function(pyasync_fetch name)
  cmake_parse_arguments(PARSE_ARGV 1 FETCH "" "VERSION;URL;SHA256" "")
  pyasync_describe_missing(missing ${name})
  if(PYASYNC_FETCH_DEPENDENCIES STREQUAL "NEVER")
    set_property(GLOBAL APPEND_STRING PROPERTY PYASYNC_MISSING "  ${missing}\n")
    return()
  elseif(PYASYNC_FETCH_DEPENDENCIES STREQUAL "AUTO")
    message(STATUS "pyasync: found no ${missing}; so ${FETCH_VERSION} is fetched from ${FETCH_URL}")
  else()
    message(STATUS "pyasync: fetching ${name} ${FETCH_VERSION} from ${FETCH_URL}")
  endif()
  set_property(GLOBAL APPEND PROPERTY PYASYNC_FETCHED ${name})

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
  # Set by hand because FetchContent_Declare() of CMake 3.25 has no EXCLUDE_FROM_ALL and passes SYSTEM on as part of the
  # hash. EXCLUDE_FROM_ALL also keeps the library's install rules out of ours, SYSTEM its headers' warnings.
  set_property(DIRECTORY "${${name}_SOURCE_DIR}" PROPERTY EXCLUDE_FROM_ALL ON)
  get_property(targets DIRECTORY "${${name}_SOURCE_DIR}" PROPERTY BUILDSYSTEM_TARGETS)
  set_target_properties(${targets} PROPERTIES SYSTEM ON)
endfunction()

# A project that adds pyasync as a subdirectory may have brought its own.
if(TARGET uv_a)
  pyasync_use_libuv(uv_a)
endif()

pyasync_find_threads()
if(NOT PYASYNC_FETCH_DEPENDENCIES STREQUAL "ALWAYS")
  pyasync_find_libuv()
  pyasync_find_fmt()
  if(PYASYNC_TESTING)
    pyasync_find_doctest()
  endif()
endif()

if(NOT TARGET pyasync::libuv)
  pyasync_fetch(libuv VERSION 1.51.0
    URL https://github.com/libuv/libuv/archive/v1.51.0.tar.gz
    SHA256 27e55cf7083913bfb6826ca78cde9de7647cded648d35f24163f2d31bb9f51cd)
  if(TARGET uv_a)
    pyasync_use_libuv(uv_a)
  endif()
endif()
if(NOT TARGET fmt::fmt)
  pyasync_fetch(fmt VERSION 11.2.0
    URL https://github.com/fmtlib/fmt/archive/11.2.0.tar.gz
    SHA256 bc23066d87ab3168f27cef3e97d545fa63314f5c79df5ea444d41d56f962c6af)
endif()
if(TARGET fmt::fmt)
  pyasync_find_fmt()
endif()
if(PYASYNC_TESTING AND NOT TARGET doctest::doctest)
  pyasync_fetch(doctest VERSION 2.4.12
    URL https://github.com/doctest/doctest/archive/v2.4.12.tar.gz
    SHA256 73381c7aa4dee704bd935609668cf41880ea7f19fa0504a200e13b74999c2d70)
endif()
if(TARGET doctest::doctest)
  pyasync_find_doctest()
endif()

# Only pyasync::tls needs it, so it is not fetched.
pyasync_find_openssl()
if(NOT PYASYNC_HAS_OPENSSL)
  pyasync_describe_missing(pyasync_openssl openssl)
  message(STATUS "pyasync: found no ${pyasync_openssl}; so there is no pyasync::tls")
endif()

get_property(pyasync_missing GLOBAL PROPERTY PYASYNC_MISSING)
if(pyasync_missing)
  message(FATAL_ERROR "These libraries are missing or too old, and PYASYNC_FETCH_DEPENDENCIES=NEVER forbids to download them. "
                      "Install their packages:\n${pyasync_missing}")
endif()
