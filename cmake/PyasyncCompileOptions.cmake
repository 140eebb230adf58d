# cmake/PyasyncCompileOptions.cmake: warnings and sanitizers.
# SPDX-License-Identifier: MIT
include_guard(GLOBAL)

# A sanitizer has to see all code of the program, so it is set for everything that follows.
if(PYASYNC_SANITIZER STREQUAL "address")
  # The check of vptrs opens a pipe to see whether memory may be read, and calls every object bad where no descriptor is left.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(PYASYNC_SANITIZER STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(PYASYNC_SANITIZER)
  message(FATAL_ERROR "PYASYNC_SANITIZER is 'address' or 'thread', not '${PYASYNC_SANITIZER}'")
endif()

# The warnings that pyasync's own code is held to.
function(pyasync_set_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Woverloaded-virtual)
  if(PYASYNC_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
