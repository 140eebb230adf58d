# tests/package/outside/by_fetch_content.cmake: CMake gets pyasync's sources, here from a folder.
# SPDX-License-Identifier: MIT
set(PYASYNC_TESTING ON)
include(FetchContent)
FetchContent_Declare(pyasync SOURCE_DIR "${PYASYNC_SOURCES}")
FetchContent_MakeAvailable(pyasync)
