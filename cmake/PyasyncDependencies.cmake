# cmake/PyasyncDependencies.cmake: the libraries that pyasync stands on, as the system has them: libuv, fmt, OpenSSL and doctest.
# SPDX-License-Identifier: MIT
include_guard(GLOBAL)

# The rest of pyasync's CMake names only what these functions give it: Threads::Threads, pyasync::libuv, pyasync::fmt,
# pyasync::openssl and pyasync::doctest. Those of pyasync's own are imported targets in terms of others, so that an installed pyasync
# refers to them by name, whatever it was built with.

# Sets <result> to what a user who lacks <library> is told: the least version that will do, and its packages.
function(pyasync_describe_missing result library)
  set(libuv "libuv 1.44 or newer, and pkg-config to find it: \
libuv1-dev and pkgconf (Debian, Ubuntu), libuv-devel (Fedora, openSUSE), libuv (Arch, Homebrew)")
  set(fmt "fmt 9 or newer: libfmt-dev (Debian, Ubuntu), fmt-devel (Fedora, openSUSE), fmt (Arch, Homebrew)")
  set(openssl "OpenSSL 3.0 or newer: libssl-dev (Debian, Ubuntu), openssl-devel (Fedora), libopenssl-devel (openSUSE), \
openssl (Arch, Homebrew)")
  set(doctest "doctest 2.4.9 or newer: \
doctest-dev (Debian, Ubuntu), doctest-devel (Fedora, openSUSE), doctest (Arch, Homebrew)")
  set(${result} "${${library}}" PARENT_SCOPE)
endfunction()

function(pyasync_find_threads)
  set(CMAKE_THREAD_PREFER_PTHREAD ON)
  find_package(Threads REQUIRED GLOBAL)
endfunction()

# Sets <result> to whether an archive can be linked into a shared library: Debian's of libuv cannot.
function(pyasync_can_be_in_modules result archive)
  set(folder "${CMAKE_BINARY_DIR}/CMakeFiles/pyasync/archive")
  file(CONFIGURE OUTPUT "${folder}/archive.cpp" CONTENT "int one() { return 1; }\n")
  try_compile(${result} "${folder}" "${folder}/archive.cpp" CMAKE_FLAGS
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON
    LINK_OPTIONS -shared LINK_LIBRARIES -Wl,--whole-archive ${archive} -Wl,--no-whole-archive ${ARGN})
  set(${result} ${${result}} PARENT_SCOPE)
endfunction()

# pyasync_use_libuv(<target> [ARCHIVE <target>] [IN_MODULES])
#
# Defines pyasync::libuv in terms of another target. Standalone executables get the archive, where there is one besides; so
# do extension modules, where it can be linked into them: they shall need nothing but libc.
# (PYASYNC_FETCH_DEPENDENCIES=ALWAYS sees to that in any case.)
function(pyasync_use_libuv target)
  cmake_parse_arguments(PARSE_ARGV 1 USE "IN_MODULES" "ARCHIVE" "")
  add_library(pyasync::libuv INTERFACE IMPORTED GLOBAL)
  if(USE_ARCHIVE)
    set(takes_archive "$<BOOL:$<TARGET_PROPERTY:PYASYNC_STANDALONE>>")
    if(USE_IN_MODULES)
      set(takes_archive "$<OR:${takes_archive},$<STREQUAL:$<TARGET_PROPERTY:TYPE>,MODULE_LIBRARY>>")
    endif()
    target_link_libraries(pyasync::libuv INTERFACE "$<IF:${takes_archive},${USE_ARCHIVE},${target}>")
  else()
    target_link_libraries(pyasync::libuv INTERFACE ${target})
  endif()
  if(USE_IN_MODULES)
    set_target_properties(pyasync::libuv PROPERTIES PYASYNC_IN_MODULES ${USE_ARCHIVE})
  else()
    set_target_properties(pyasync::libuv PROPERTIES PYASYNC_IN_MODULES ${target})
  endif()
  # A target of libuv's own build, or of its CMake package, says what it is.
  get_target_property(type ${target} TYPE)
  if(USE_ARCHIVE OR type STREQUAL "STATIC_LIBRARY")
    set_property(GLOBAL PROPERTY PYASYNC_HAS_STATIC_LIBUV TRUE)
  endif()
endfunction()

# Defines pyasync::libuv if the system has libuv 1.44 or newer: as pkg-config knows it, or as a CMake package.
function(pyasync_find_libuv)
  if(TARGET pyasync::libuv)
    return()
  endif()
  set(minimum 1.44)
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
        pyasync_use_libuv(PkgConfig::pyasync_libuv ARCHIVE PkgConfig::pyasync_libuv_archive IN_MODULES)
      elseif(pyasync_libuv_archive_FOUND)
        pyasync_use_libuv(PkgConfig::pyasync_libuv ARCHIVE PkgConfig::pyasync_libuv_archive)
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

# Defines pyasync::fmt, which is what the project has brought, else the system's.
function(pyasync_find_fmt)
  if(NOT TARGET fmt::fmt)
    find_package(fmt 9 CONFIG QUIET GLOBAL)
  endif()
  if(TARGET fmt::fmt AND NOT TARGET pyasync::fmt)
    add_library(pyasync::fmt INTERFACE IMPORTED GLOBAL)
    # The system's may be a shared library only, which a standalone executable cannot have.
    target_link_libraries(pyasync::fmt INTERFACE
      "$<IF:$<BOOL:$<TARGET_PROPERTY:PYASYNC_STANDALONE>>,fmt::fmt-header-only,fmt::fmt>")
  endif()
endfunction()

# Defines pyasync::doctest, which only tests need: what the project has brought, else the system's.
function(pyasync_find_doctest)
  if(NOT TARGET doctest::doctest)
    find_package(doctest 2.4.9 CONFIG QUIET GLOBAL)
  endif()
  if(TARGET doctest::doctest AND NOT TARGET pyasync::doctest)
    add_library(pyasync::doctest INTERFACE IMPORTED GLOBAL)
    target_link_libraries(pyasync::doctest INTERFACE doctest::doctest)
  endif()
endfunction()

# Defines pyasync::openssl, which pyasync::tls stands on. Standalone executables get the archives, where there are some.
# Nobody else needs it, so where there is none (or it is too old) it is missing only to who links it.
function(pyasync_find_openssl)
  if(TARGET pyasync::openssl)
    return()
  endif()
  add_library(pyasync::openssl INTERFACE IMPORTED GLOBAL)
  find_package(OpenSSL 3.0 QUIET GLOBAL)
  if(NOT OPENSSL_FOUND)
    # CMake tells the name of what it does not find.
    target_link_libraries(pyasync::openssl INTERFACE pyasync::tls_needs_OpenSSL_3.0_or_newer)
    return()
  endif()
  set(PYASYNC_HAS_OPENSSL TRUE PARENT_SCOPE)
  message(STATUS "Found OpenSSL ${OPENSSL_VERSION}, for pyasync::tls")
  cmake_path(GET OPENSSL_SSL_LIBRARY PARENT_PATH folder)
  add_library(pyasync::openssl_archives INTERFACE IMPORTED GLOBAL)
  if(EXISTS "${folder}/libssl.a" AND EXISTS "${folder}/libcrypto.a")
    target_link_libraries(pyasync::openssl_archives INTERFACE
      "${folder}/libssl.a" "${folder}/libcrypto.a" Threads::Threads ${CMAKE_DL_LIBS})
    target_include_directories(pyasync::openssl_archives INTERFACE "${OPENSSL_INCLUDE_DIR}")
  else()
    target_link_libraries(pyasync::openssl_archives INTERFACE OpenSSL::SSL)
  endif()
  target_link_libraries(pyasync::openssl INTERFACE
    "$<IF:$<BOOL:$<TARGET_PROPERTY:PYASYNC_STANDALONE>>,pyasync::openssl_archives,OpenSSL::SSL>")
endfunction()
