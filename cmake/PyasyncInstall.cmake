# cmake/PyasyncInstall.cmake: what `cmake --install` installs.
# SPDX-License-Identifier: MIT

# Nothing of it names a folder: what is installed can be moved as a whole. What pyasync stands on is looked up where it
# is used; only the minor version of CPython is settled, since the libraries are compiled for it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

block()
set(scratch "${CMAKE_BINARY_DIR}/CMakeFiles/pyasync")
set(sources "${CMAKE_CURRENT_LIST_DIR}")
set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/pyasync")

get_property(targets GLOBAL PROPERTY PYASYNC_TARGETS)
install(TARGETS ${targets} EXPORT pyasync
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/framework/include/pyasync" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.hpp")

# CMake's package.
math(EXPR python_next "${Python_VERSION_MINOR} + 1")
set(python_this "${Python_VERSION_MAJOR}.${Python_VERSION_MINOR}")
set(python_next "${Python_VERSION_MAJOR}.${python_next}")
set(pyasync_has_tls FALSE)
if(PYASYNC_HAS_OPENSSL)
  set(pyasync_has_tls TRUE)
endif()
configure_file("${sources}/package/pyasyncConfig.cmake.in" "${scratch}/pyasyncConfig.cmake" @ONLY)
# Before 1.0 another minor version may be incompatible.
write_basic_package_version_file("${scratch}/pyasyncConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(EXPORT pyasync NAMESPACE pyasync:: FILE pyasyncTargets.cmake DESTINATION "${package_folder}")
install(FILES "${scratch}/pyasyncConfig.cmake" "${scratch}/pyasyncConfigVersion.cmake" DESTINATION "${package_folder}")
# The same files find and do there what they find and do here.
install(DIRECTORY "${sources}/" DESTINATION "${package_folder}" FILES_MATCHING
  PATTERN "Pyasync*.cmake" PATTERN "built_with_python.cpp.in" PATTERN "standalone_archive.cpp.in"
  PATTERN "standalone/*.py" PATTERN "standalone/own/*.py" PATTERN "standalone/packed/*" PATTERN "__pycache__" EXCLUDE
  PATTERN "PyasyncFetchDependencies.cmake" EXCLUDE PATTERN "PyasyncInstall.cmake" EXCLUDE
  PATTERN "package" EXCLUDE PATTERN "templates" EXCLUDE)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${package_folder}/standalone" RENAME terms_of_pyasync.txt)
# What fully static executables are made with.
install(DIRECTORY "${sources}/standalone/static" DESTINATION "${package_folder}/standalone" USE_SOURCE_PERMISSIONS
  PATTERN "__pycache__" EXCLUDE)
install(FILES "${PROJECT_SOURCE_DIR}/framework/src/standalone/static_runtime.cpp"
  "${PROJECT_SOURCE_DIR}/framework/src/standalone/static_dlopen.cpp" DESTINATION "${package_folder}/standalone/static")

# pkg-config's files.
set(pkgconfig_folder "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig")
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY "${pkgconfig_folder}" OUTPUT_VARIABLE prefix_from_pkgconfig)
set(pkgconfig_names pyasync pyasync-module)
if(TARGET pyasync_testing)
  list(APPEND pkgconfig_names pyasync-testing)
endif()
if(PYASYNC_HAS_OPENSSL)
  list(APPEND pkgconfig_names pyasync-tls)
endif()
foreach(name IN LISTS pkgconfig_names)
  configure_file("${sources}/package/${name}.pc.in" "${scratch}/${name}.pc" @ONLY)
  install(FILES "${scratch}/${name}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()

# pyasync-new and its templates, with which it stays in one folder.
set(new_folder "${CMAKE_INSTALL_DATADIR}/pyasync/new")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/cmake/templates/" DESTINATION "${new_folder}" USE_SOURCE_PERMISSIONS
  PATTERN "__pycache__" EXCLUDE PATTERN "pyasync-new.1" EXCLUDE)
install(FILES "${PROJECT_SOURCE_DIR}/cmake/templates/pyasync-new.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
cmake_path(RELATIVE_PATH new_folder BASE_DIRECTORY "${CMAKE_INSTALL_BINDIR}" OUTPUT_VARIABLE new_from_bin)
file(CREATE_LINK "${new_from_bin}/pyasync-new" "${scratch}/pyasync-new" SYMBOLIC)
install(FILES "${scratch}/pyasync-new" DESTINATION "${CMAKE_INSTALL_BINDIR}")

include(package/debian)
endblock()
