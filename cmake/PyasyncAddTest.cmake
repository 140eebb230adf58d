# cmake/PyasyncAddTest.cmake: pyasync_add_test(), a doctest program that ctest runs.
# SPDX-License-Identifier: MIT
include_guard(GLOBAL)
include(PyasyncDependencies)
include(PyasyncPlacePythonModules)

# pyasync_no_leak_check(<test>...)
#
# For tests that load other people's extension modules (uvloop, aiohttp): those keep their constants to the end and beyond,
# which LeakSanitizer takes for leaks, and their addresses have no names that a suppression could match.
function(pyasync_no_leak_check)
  set_tests_properties(${ARGN} PROPERTIES ENVIRONMENT_MODIFICATION "ASAN_OPTIONS=string_append::detect_leaks=0")
endfunction()

# pyasync_add_test(<name> [EACH_CASE_ALONE] SOURCES <file>... [LINK <target>...] [PYTHON_MODULES <file>...])
#
# Adds a doctest executable, linked with the LINK targets (pyasync::pyasync where none is named), as the ctest test <name>.
# EACH_CASE_ALONE runs every test case in a process of its own: for what happens once in a process.
function(pyasync_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 TEST "EACH_CASE_ALONE" "" "SOURCES;LINK;PYTHON_MODULES")
  if(TEST_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "pyasync_add_test(${name}): unknown arguments: ${TEST_UNPARSED_ARGUMENTS}")
  endif()
  pyasync_find_doctest()
  if(NOT TARGET doctest::doctest)
    pyasync_describe_missing(missing doctest)
    message(FATAL_ERROR "pyasync_add_test(${name}) needs ${missing}")
  endif()
  if(NOT TEST_LINK)
    pyasync_require_embedded_python("pyasync_add_test(${name})")
    set(TEST_LINK pyasync::pyasync)
  endif()
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE ${TEST_LINK} doctest::doctest)
  if(PROJECT_NAME STREQUAL "pyasync")
    pyasync_set_warnings(${name})
  endif()
  pyasync_place_python_modules(${name} ${TEST_PYTHON_MODULES})
  if(TEST_EACH_CASE_ALONE)
    add_test(NAME ${name} COMMAND "${Python_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/tests/support/run_each_case.py"
                                  "$<TARGET_FILE:${name}>")
  else()
    add_test(NAME ${name} COMMAND ${name})
  endif()
endfunction()
