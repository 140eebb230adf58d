# cmake/PyasyncEmbeddedPython.cmake: the CPython that applications contain: in their own file, or as libpython.so.
# SPDX-License-Identifier: MIT
include_guard(GLOBAL)

# pyasync::embedded_python is what an application links. Where CPython's installation has its archive (Debian, Ubuntu, python.org's
# builds), the application contains the interpreter, as python3 itself does there; else it uses libpython.so.
# Linked in, the interpreter runs a sixth faster, since its own calls are direct. `pyasync_add_app(... SHARED_PYTHON)`, or
# the property PYASYNC_SHARED_PYTHON of any executable, chooses libpython.so.
option(PYASYNC_SHARED_PYTHON "Applications use libpython.so, also where CPython could be linked into them" OFF)
define_property(TARGET PROPERTY PYASYNC_SHARED_PYTHON INITIALIZE_FROM_VARIABLE PYASYNC_SHARED_PYTHON
  BRIEF_DOCS "Whether this executable uses libpython.so, also where CPython could be linked into it")

# Sets <result> to what links CPython's archive, or to nothing where there is none, or it cannot be linked.
function(pyasync_find_python_archive result)
  set(${result} "" PARENT_SCOPE)
  # MODLIBS are the libraries of the extension modules that are built in.
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c "import os, sysconfig
of = lambda name: sysconfig.get_config_var(name) or ''
print(os.path.join(of('LIBPL'), of('LIBRARY')), *dict.fromkeys(' '.join(map(of, ['MODLIBS', 'LIBS', 'SYSLIBS'])).split()), sep=';')"
    OUTPUT_VARIABLE libraries OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  list(POP_FRONT libraries archive)
  if(NOT archive MATCHES "\\.a$" OR NOT EXISTS "${archive}")
    return()
  endif()

  # Extension modules find CPython in the program that loads them, so all of it has to be there, and by name; nothing else of
  # the program is their business. The archive may be made for programs at a fixed address, as python3 is.
  set(exported "${PROJECT_BINARY_DIR}/python_symbols.txt")
  file(CONFIGURE OUTPUT "${exported}" CONTENT "{ Py*; _Py*; };\n")
  set(link -no-pie "-Wl,--dynamic-list=${exported}" -Wl,--whole-archive "${archive}" -Wl,--no-whole-archive ${libraries})
  if(NOT pyasync_python_archive STREQUAL archive)
    file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/python_archive.cpp" CONTENT
      "#include <Python.h>\nint main() { Py_Initialize(); return Py_FinalizeEx(); }\n")
    try_run(exit_code compiled "${PROJECT_BINARY_DIR}/python_archive" "${PROJECT_BINARY_DIR}/python_archive.cpp"
      CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${Python_INCLUDE_DIRS}" LINK_LIBRARIES ${link} RUN_OUTPUT_VARIABLE output)
    if(NOT compiled OR NOT exit_code EQUAL 0)
      message(STATUS "pyasync: ${archive} cannot be linked into programs; they use ${Python_LIBRARIES}")
      return()
    endif()
    set(pyasync_python_archive "${archive}" CACHE INTERNAL "CPython's archive, which was seen to link and run")
  endif()
  set(${result} "${link}" PARENT_SCOPE)
endfunction()

pyasync_find_python_archive(pyasync_python_link)
add_library(pyasync::embedded_python INTERFACE IMPORTED GLOBAL)
if(pyasync_python_link)
  message(STATUS "pyasync: applications contain CPython (${pyasync_python_archive}); PYASYNC_SHARED_PYTHON=ON is against it")
  add_library(pyasync::python_archive INTERFACE IMPORTED GLOBAL)
  target_link_libraries(pyasync::python_archive INTERFACE Python::Module ${pyasync_python_link})
  target_link_libraries(pyasync::embedded_python INTERFACE
    "$<IF:$<BOOL:$<TARGET_PROPERTY:PYASYNC_SHARED_PYTHON>>,Python::Python,pyasync::python_archive>")
elseif(pyasync_has_libpython)
  target_link_libraries(pyasync::embedded_python INTERFACE Python::Python)
elseif(PROJECT_IS_TOP_LEVEL)
  message(FATAL_ERROR "pyasync needs CPython as a library, to embed it: an archive that can be linked, or libpython.so. "
                      "${Python_EXECUTABLE} (${Python_VERSION}) has neither of its own.\n${pyasync_python_hint}")
endif()

# Ends the configuration where there is no CPython for an application to contain; extension modules need none.
function(pyasync_require_embedded_python name)
  if(NOT pyasync_python_link AND NOT pyasync_has_libpython)
    message(FATAL_ERROR "pyasync_add_app(${name}) needs CPython as a library, an archive that can be linked, or libpython.so: "
                        "${Python_EXECUTABLE} has neither of its own.\n${pyasync_python_hint}")
  endif()
endfunction()
