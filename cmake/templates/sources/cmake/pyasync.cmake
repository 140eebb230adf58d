# cmake/pyasync.cmake: where pyasync comes from: it is installed; else it is built with this project.
include(FetchContent)
FetchContent_Declare(pyasync
  SOURCE_DIR "@sources@"  # for others: GIT_REPOSITORY and GIT_TAG instead
  FIND_PACKAGE_ARGS 0.1 CONFIG)
FetchContent_MakeAvailable(pyasync)
