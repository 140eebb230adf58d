# tests/package/outside/by_add_subdirectory.cmake: pyasync's sources are a part of the project's.
# SPDX-License-Identifier: MIT
set(PYASYNC_TESTING ON)
# Built where FetchContent would build it, so that one build folder serves both ways.
add_subdirectory("${PYASYNC_SOURCES}" _deps/pyasync-build)
