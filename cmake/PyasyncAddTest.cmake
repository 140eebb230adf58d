# cmake/PyasyncAddTest.cmake: pyasync_add_test(), a doctest program that ctest runs.
# SPDX-License-Identifier: MIT
include_guard(GLOBAL)

# pyasync_add_test(<name> SOURCES <file>... [LINK <target>...] [PYTHON_MODULES <file>...])
#
# Adds a doctest executable, linked with the LINK targets (pyasync::pyasync where none is named), as the ctest test <name>.
function(pyasync_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 TEST "" "" "SOURCES;LINK;PYTHON_MODULES")
  if(TEST_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "pyasync_add_test(${name}): unknown arguments: ${TEST_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT TEST_LINK)
    set(TEST_LINK pyasync::pyasync)
  endif()
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE ${TEST_LINK} doctest::doctest)
  pyasync_set_warnings(${name})
  pyasync_place_python_modules(${name} ${TEST_PYTHON_MODULES})
  add_test(NAME ${name} COMMAND ${name})
endfunction()
