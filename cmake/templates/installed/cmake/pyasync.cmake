# cmake/pyasync.cmake: where pyasync comes from: it is installed. (-DCMAKE_PREFIX_PATH=FOLDER says where, if CMake cannot find it.)
find_package(pyasync 0.1 CONFIG REQUIRED)
