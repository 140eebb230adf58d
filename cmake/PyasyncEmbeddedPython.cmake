# cmake/PyasyncEmbeddedPython.cmake: the CPython that applications contain: in their own file, or as libpython.so.
# SPDX-License-Identifier: MIT

# pyasync::embedded_python is what an application links. Where CPython's installation has its archive (Debian, Ubuntu,
# python.org's builds), the application contains the interpreter, as python3 itself does there; else it uses
# libpython.so. Linked in, the interpreter runs a sixth faster, since its own calls are direct. `pyasync_add_app(...
# SHARED_PYTHON)`, or the property PYASYNC_SHARED_PYTHON of any executable, chooses libpython.so. All of it is found
# where the application is built, be pyasync installed or built with it.
if(TARGET pyasync::embedded_python)
  return()
endif()

option(PYASYNC_SHARED_PYTHON "Applications use libpython.so, also where CPython could be linked into them" OFF)
define_property(TARGET PROPERTY PYASYNC_SHARED_PYTHON INITIALIZE_FROM_VARIABLE PYASYNC_SHARED_PYTHON
  BRIEF_DOCS "Whether this executable uses libpython.so, also where CPython could be linked into it")

define_property(TARGET PROPERTY PYASYNC_STANDALONE
  BRIEF_DOCS "Whether this executable carries all that it needs in its own file: EMBEDDED or STATIC")

# Sets <result> to <libraries>, those of them as archives that have one.
function(pyasync_prefer_archives result)
  set(chosen "")
  foreach(library IN LISTS ARGN)
    string(REGEX REPLACE "^-l" "lib" file "${library}.a")
    # Not those of the C library itself: they belong to the system that runs the program.
    if(library MATCHES "^-l" AND NOT library MATCHES "^-l(c|m|dl|pthread|rt|util)$")
      execute_process(COMMAND "${CMAKE_CXX_COMPILER}" "-print-file-name=${file}"
        OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
      if(EXISTS "${found}")
        set(library "${found}")
      endif()
    endif()
    list(APPEND chosen "${library}")
  endforeach()
  set(${result} "${chosen}" PARENT_SCOPE)
endfunction()

# Sets <archive> to where <interpreter> has CPython's archive, if it has one, and <libraries> to the options for what the
# modules that are built in need.
function(pyasync_ask_for_python_archive archive libraries interpreter)
  execute_process(
    COMMAND "${interpreter}" -c "import os, sysconfig
of = lambda name: sysconfig.get_config_var(name) or ''
print(os.path.join(of('LIBPL'), of('LIBRARY')), *dict.fromkeys(' '.join(map(of, ['MODLIBS', 'LIBS', 'SYSLIBS'])).split()), sep=';')"
    OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  list(POP_FRONT found file)
  set(${archive} "${file}" PARENT_SCOPE)
  set(${libraries} "${found}" PARENT_SCOPE)
endfunction()

# Sets <result> to what links CPython's archive, and <result>_options to the options for that; or <result> to nothing
# where there is none, or it cannot be linked.
function(pyasync_find_python_archive result)
  set(${result} "" PARENT_SCOPE)
  pyasync_ask_for_python_archive(archive libraries "${Python_EXECUTABLE}")
  if(NOT archive MATCHES "\\.a$" OR NOT EXISTS "${archive}")
    return()
  endif()

  # Extension modules find CPython in the program that loads them, so all of it has to be there, and by name; nothing
  # else of the program is their business. The archive may be made for programs at a fixed address, as python3 is.
  set(folder "${CMAKE_BINARY_DIR}/CMakeFiles/pyasync")
  file(CONFIGURE OUTPUT "${folder}/python_symbols.txt" CONTENT "{ Py*; _Py*; };\n")
  set(options -no-pie "-Wl,--dynamic-list=${folder}/python_symbols.txt")
  set(link -Wl,--whole-archive "${archive}" -Wl,--no-whole-archive ${libraries})
  if(NOT pyasync_python_archive STREQUAL archive)
    file(CONFIGURE OUTPUT "${folder}/python_archive.cpp" CONTENT
      "#include <Python.h>\nint main() { Py_Initialize(); return Py_FinalizeEx(); }\n")
    try_run(exit_code compiled "${folder}/python_archive" "${folder}/python_archive.cpp"
      CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${Python_INCLUDE_DIRS}" LINK_OPTIONS ${options} LINK_LIBRARIES ${link}
      RUN_OUTPUT_VARIABLE output)
    if(NOT compiled OR NOT exit_code EQUAL 0)
      message(STATUS "pyasync: ${archive} cannot be linked into programs; they use ${Python_LIBRARIES}")
      return()
    endif()
    set(pyasync_python_archive "${archive}" CACHE INTERNAL "CPython's archive, which was seen to link and run")
  endif()
  set(${result} "${link}" PARENT_SCOPE)
  set(${result}_options "${options}" PARENT_SCOPE)
endfunction()

pyasync_find_python_archive(pyasync_python_link)
add_library(pyasync::embedded_python INTERFACE IMPORTED GLOBAL)
set(pyasync_usual_python "")
if(pyasync_python_link)
  message(STATUS "pyasync: applications contain the CPython of ${Python_EXECUTABLE} (${Python_VERSION}, from \
${pyasync_python_archive}); with -DPYASYNC_SHARED_PYTHON=ON they use its libpython.so")
  add_library(pyasync::python_archive INTERFACE IMPORTED GLOBAL)
  target_link_libraries(pyasync::python_archive INTERFACE Python::Module ${pyasync_python_link})
  target_link_options(pyasync::python_archive INTERFACE ${pyasync_python_link_options})
  # The same, for executables that need no file of anybody else's.
  pyasync_prefer_archives(pyasync_python_link ${pyasync_python_link})
  add_library(pyasync::python_in_standalone INTERFACE IMPORTED GLOBAL)
  target_link_libraries(pyasync::python_in_standalone INTERFACE Python::Module ${pyasync_python_link})
  target_link_options(pyasync::python_in_standalone INTERFACE
    ${pyasync_python_link_options} -static-libstdc++ -static-libgcc)
  set(pyasync_usual_python "$<IF:$<STREQUAL:$<TARGET_PROPERTY:PYASYNC_STANDALONE>,EMBEDDED>,pyasync::python_in_standalone,\
$<IF:$<BOOL:$<TARGET_PROPERTY:PYASYNC_SHARED_PYTHON>>,Python::Python,pyasync::python_archive>>")
elseif(pyasync_has_libpython)
  message(STATUS "pyasync: applications use the CPython of ${Python_EXECUTABLE} (${Python_VERSION}): ${Python_LIBRARIES}")
  set(pyasync_usual_python Python::Python)
else()
  set_property(GLOBAL PROPERTY PYASYNC_NO_EMBEDDED_PYTHON "CPython as a library, to embed it: an archive that can be \
linked, or libpython.so. ${Python_EXECUTABLE} (${Python_VERSION}) has neither of its own.\n${pyasync_python_hint}")
endif()
# Fully static executables have a CPython of their own making; see PyasyncStaticPython.cmake.
target_link_libraries(pyasync::embedded_python INTERFACE
  "$<IF:$<STREQUAL:$<TARGET_PROPERTY:PYASYNC_STANDALONE>,STATIC>,pyasync::static_python,${pyasync_usual_python}>")

# An application uses the libraries of the interpreter that it was built with. That one is asked for its own path: what
# CMake has found may be a shim. Every executable gets a file that knows it; the framework's libraries do not.
execute_process(COMMAND "${Python_EXECUTABLE}" -c "import sys; print(sys.executable, end='')"
  OUTPUT_VARIABLE python_executable COMMAND_ERROR_IS_FATAL ANY)
set(pyasync_built_with_python "${CMAKE_BINARY_DIR}/CMakeFiles/pyasync/built_with_python.cpp")
configure_file("${CMAKE_CURRENT_LIST_DIR}/built_with_python.cpp.in" "${pyasync_built_with_python}" @ONLY)
target_sources(pyasync::embedded_python INTERFACE
  "$<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:${pyasync_built_with_python}>")

# Ends the configuration where there is no CPython for an application to contain; extension modules need none.
function(pyasync_require_embedded_python name)
  get_property(fault GLOBAL PROPERTY PYASYNC_NO_EMBEDDED_PYTHON)
  if(fault)
    message(FATAL_ERROR "${name} needs ${fault}")
  endif()
endfunction()
