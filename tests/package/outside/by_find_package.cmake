# tests/package/outside/by_find_package.cmake: pyasync is installed.
# SPDX-License-Identifier: MIT
find_package(pyasync 0.1 CONFIG REQUIRED)
