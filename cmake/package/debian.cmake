# cmake/package/debian.cmake: libpyasync-dev, the .deb that CPack makes: cmake --workflow --preset deb.
# SPDX-License-Identifier: MIT

# The project's CMakePresets.json has the settings that Debian asks for: /usr, and Debian's own Python.
if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

set(PYASYNC_MAINTAINER "The pyasync authors <pyasync@example.org>" CACHE STRING "Who answers for the .deb")

set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR "The pyasync authors")
set(CPACK_PACKAGE_CONTACT "${PYASYNC_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "coroutines of C++ and Python's asyncio await each other")
set(CPACK_PACKAGE_DESCRIPTION "\
A C++20 framework with which an application embeds Python, and coroutines of
both languages await each other: asyncio has the main thread, libuv's loops
run in the background, and neither waits for the other. Extension modules
offer C++ coroutines to any asyncio program.

This package contains the libraries, the headers, the package for CMake, the
files for pkg-config, and pyasync-new, which begins a project.")

set(CPACK_DEBIAN_PACKAGE_NAME libpyasync-dev)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# All that a project of pyasync-new's needs to be built and tested. The libraries are compiled for one minor version of
# Python. (The ~ is for Debian's own versions: 2.4.9~ds comes before 2.4.9.)
set(CPACK_DEBIAN_PACKAGE_DEPENDS
  "libuv1-dev (>= 1.44~)" "libfmt-dev (>= 9~)"
  "python3 (>= ${python_this}~)" "python3-dev (>= ${python_this}~)" "python3-dev (<< ${python_next}~)"
  "doctest-dev (>= 2.4.9~)" "cmake (>= 3.25~)" "ninja-build" "pkgconf" "g++ (>= 4:12) | clang (>= 1:16)")
list(JOIN CPACK_DEBIAN_PACKAGE_DEPENDS ", " CPACK_DEBIAN_PACKAGE_DEPENDS)
if(PYASYNC_HAS_OPENSSL)  # for pyasync::tls alone
  set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libssl-dev (>= 3.0)")
endif()
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

string(TIMESTAMP debian_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file("${CMAKE_CURRENT_LIST_DIR}/debian_changelog.in" "${scratch}/debian_changelog" @ONLY)
configure_file("${CMAKE_CURRENT_LIST_DIR}/debian_finish.cmake.in" "${scratch}/debian_finish.cmake" @ONLY)
set(CPACK_PRE_BUILD_SCRIPTS "${scratch}/debian_finish.cmake")
include(CPack)
