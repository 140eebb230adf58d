# cmake/PyasyncPlacePythonModules.cmake: Python files next to what imports them.
# SPDX-License-Identifier: MIT
include_guard(GLOBAL)

# Sets <result> to a file's path below the application: with its folder, where it is given with one, so that a package stays a
# package. <file> is absolute.
function(pyasync_place_below_application result file)
  cmake_path(IS_PREFIX CMAKE_CURRENT_SOURCE_DIR "${file}" is_below)
  if(is_below)
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" OUTPUT_VARIABLE place)
  else()
    cmake_path(GET file FILENAME place)
  endif()
  set(${result} "${place}" PARENT_SCOPE)
endfunction()

# Copies Python files next to a target's file, whenever they change.
function(pyasync_place_python_modules target)
  foreach(given IN LISTS ARGN)
    set(module "${given}")
    cmake_path(ABSOLUTE_PATH module BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    if(NOT EXISTS "${module}")
      message(FATAL_ERROR "${target}: no such Python module: ${module}")
    endif()
    pyasync_place_below_application(place "${module}")
    set(copy "${CMAKE_CURRENT_BINARY_DIR}/${place}")
    add_custom_command(OUTPUT "${copy}" COMMAND "${CMAKE_COMMAND}" -E copy "${module}" "${copy}" DEPENDS "${module}" VERBATIM)
    list(APPEND copies "${copy}")
  endforeach()
  if(copies)
    add_custom_target(${target}_python_modules DEPENDS ${copies})
    add_dependencies(${target} ${target}_python_modules)
  endif()
endfunction()
