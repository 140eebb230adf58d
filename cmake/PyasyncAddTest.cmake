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

# pyasync_each_case_alone(<name>)
#
# Each case of the doctest executable <name> in a process of its own, as the ctest test <name>.<case>. The program is asked for
# its cases when ctest runs, not when it is built: where it is built it may not run (a sanitizer's program may need setarch,
# which is put before ctest).
function(pyasync_each_case_alone name)
  set(lists "${CMAKE_CURRENT_BINARY_DIR}/${name}_cases")
  file(GENERATE OUTPUT "${lists}-$<CONFIG>.cmake" CONTENT
    "set(test [==[${name}]==])\nset(program [==[$<TARGET_FILE:${name}>]==])\ninclude([==[${CMAKE_CURRENT_FUNCTION_LIST_DIR}/PyasyncDiscoverCases.cmake]==])\n")
  get_property(is_multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  if(is_multi_config)
    file(WRITE "${lists}.cmake" "include(\"${lists}-\${CTEST_CONFIGURATION_TYPE}.cmake\")\n")
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${lists}.cmake")
  else()
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${lists}-${CMAKE_BUILD_TYPE}.cmake")
  endif()
endfunction()

# pyasync_add_test(<name> [EACH_CASE_ALONE] SOURCES <file>... [LINK <target>...] [PYTHON_MODULES <file>...])
#
# Adds the doctest executable <name>, and the ctest test <name>, which runs all of its cases in one process. It is linked with
# the LINK targets (pyasync::testing and pyasync::pyasync where none is named). The Python modules are placed next to it.
# EACH_CASE_ALONE makes a ctest test of each case instead: <name>.<case>, in a process of its own.
function(pyasync_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 TEST "EACH_CASE_ALONE" "" "SOURCES;LINK;PYTHON_MODULES")
  if(TEST_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "pyasync_add_test(${name}): unknown arguments: ${TEST_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT TEST_SOURCES)
    message(FATAL_ERROR "pyasync_add_test(${name}): name at least one file after SOURCES")
  endif()
  pyasync_find_doctest()
  if(NOT TARGET pyasync::doctest)
    pyasync_describe_missing(missing doctest)
    message(FATAL_ERROR "pyasync_add_test(${name}) needs ${missing}")
  endif()
  if(NOT TEST_LINK)
    pyasync_require_embedded_python("pyasync_add_test(${name})")
    if(NOT TARGET pyasync::testing)
      message(FATAL_ERROR "pyasync_add_test(${name}) needs pyasync::testing: set PYASYNC_TESTING to ON where pyasync is built, "
                          "or say what the test links after LINK")
    endif()
    set(TEST_LINK pyasync::testing pyasync::pyasync)
  endif()
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE ${TEST_LINK} pyasync::doctest)
  if(PROJECT_NAME STREQUAL "pyasync")
    pyasync_set_warnings(${name})
  endif()
  pyasync_place_python_modules(${name} ${TEST_PYTHON_MODULES})
  if(TEST_EACH_CASE_ALONE)
    pyasync_each_case_alone(${name})
  else()
    add_test(NAME ${name} COMMAND ${name})
  endif()
endfunction()
