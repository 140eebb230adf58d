# cmake/PyasyncDiscoverCases.cmake: included by ctest, makes a test of each case of a doctest program.
# SPDX-License-Identifier: MIT
cmake_policy(VERSION 3.25)  # ctest sets none

# test: the name before the cases'; program: the file. Two cases of one name, in different files or suites, are one test.
if(NOT EXISTS "${program}")
  add_test("${test}_NOT_BUILT" "${program}")
  return()
endif()
execute_process(COMMAND "${program}" --list-test-cases --no-version --reporters=console RESULT_VARIABLE failed
  OUTPUT_VARIABLE listing ERROR_VARIABLE errors)
if(failed)
  message(FATAL_ERROR "${program} --list-test-cases: ${failed}\n${listing}${errors}")
endif()

# CMake's lists know brackets and semicolons; names may have them.
string(ASCII 1 opening)
string(ASCII 2 closing)
string(ASCII 3 semicolon)
string(REPLACE "[" "${opening}" listing "${listing}")
string(REPLACE "]" "${closing}" listing "${listing}")
string(REPLACE ";" "${semicolon}" listing "${listing}")
string(REPLACE "\n" ";" listing "${listing}")
set(names ${listing})
list(FILTER names EXCLUDE REGEX "^(${opening}doctest${closing} .*|=+|)$")
list(LENGTH names cases)
if(NOT listing MATCHES "unskipped test cases passing the current filters: ([0-9]+)" OR NOT cases EQUAL CMAKE_MATCH_1)
  # They cannot be told from the lines around them: empty ones, with line breaks, of = alone, that begin with [doctest].
  add_test("${test}_HAS_NAMES_THAT_CANNOT_BE_LISTED" "${test}_HAS_NAMES_THAT_CANNOT_BE_LISTED")
endif()
list(REMOVE_DUPLICATES names)
foreach(case IN LISTS names)
  string(REPLACE "${opening}" "[" case "${case}")
  string(REPLACE "${closing}" "]" case "${case}")
  string(REPLACE "${semicolon}" ";" case "${case}")
  # A comma separates doctest's filters.
  string(REPLACE "\\" "\\\\" filter "${case}")
  string(REPLACE "," "\\," filter "${filter}")
  add_test("${test}.${case}" "${program}" --case-sensitive "--test-case=${filter}")
  # A name that cannot be given on a command line must not pass for a case that has run.
  set_tests_properties("${test}.${case}" PROPERTIES FAIL_REGULAR_EXPRESSION "test cases: +0 [|]")
endforeach()
if(cases EQUAL 0)
  add_test("${test}_HAS_NO_CASES" "${test}_HAS_NO_CASES")
endif()
