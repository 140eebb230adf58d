# cmake/PyasyncStaticPython.cmake: CPython and its extension modules for fully static executables.
# SPDX-License-Identifier: MIT
include_guard(GLOBAL)

# CPython's own archive has only the modules that are built into python3; those of lib-dynload are compiled here, from
# its source. That is not a part of any installation, so users say where it is, or let it be fetched with apt.
set(PYASYNC_PYTHON_SOURCE "" CACHE PATH
  "The source of exactly the CPython that is used, for fully static executables")
option(PYASYNC_FETCH_PYTHON_SOURCE
  "Fetch the source of Debian's or Ubuntu's CPython with apt, where a fully static executable needs it" OFF)

# What the functions use, whichever folder of the project calls them.
set(pyasync_static_python_scripts "${CMAKE_CURRENT_LIST_DIR}/standalone/static" CACHE INTERNAL "")
set(pyasync_static_python_results "${CMAKE_BINARY_DIR}/CMakeFiles/pyasync/static_python" CACHE INTERNAL "")
set(pyasync_static_python_interpreter "${Python_EXECUTABLE}" CACHE INTERNAL "")
# Where pyasync is installed, these are with the scripts.
set(pyasync_static_python_sources static_runtime.cpp static_dlopen.cpp)
if(EXISTS "${CMAKE_CURRENT_LIST_DIR}/../framework/src/standalone/static_runtime.cpp")
  list(TRANSFORM pyasync_static_python_sources PREPEND "${CMAKE_CURRENT_LIST_DIR}/../framework/src/standalone/")
else()
  list(TRANSFORM pyasync_static_python_sources PREPEND "${pyasync_static_python_scripts}/")
endif()
set(pyasync_static_python_sources "${pyasync_static_python_sources}" CACHE INTERNAL "")

# pyasync_find_static_python(<result>)
#
# Sets <result> to TRUE, where fully static executables can be made, <result>_EXTENSIONS to the extension modules that
# they can have besides CPython's built-in ones, and <result>_LIBRARIES to the archives that those may need; else
# <result> to FALSE, and <result>_REASON to a sentence that says what is
# missing, and how to get it. Defines pyasync::static_python then, which such an executable links instead of
# pyasync::python_archive. The first call compiles the modules, which takes a quarter of a minute; it is the work of the
# configuration, since what can be compiled here decides what an application can be.
#
# The link line is the same for every executable, and names all archives. The linker takes from them what is called: an
# extension module is called by the file that pyasync_use_static_extensions() makes, and nobody else.
function(pyasync_find_static_python result)
  get_property(is_known GLOBAL PROPERTY PYASYNC_STATIC_PYTHON_KNOWN)
  if(NOT is_known)
    pyasync_make_static_python(reason extensions libraries)
    set_property(GLOBAL PROPERTY PYASYNC_STATIC_PYTHON_KNOWN TRUE)
    set_property(GLOBAL PROPERTY PYASYNC_STATIC_PYTHON_REASON "${reason}")
    set_property(GLOBAL PROPERTY PYASYNC_STATIC_PYTHON_EXTENSIONS "${extensions}")
    set_property(GLOBAL PROPERTY PYASYNC_STATIC_PYTHON_LIBRARIES "${libraries}")
  endif()
  get_property(reason GLOBAL PROPERTY PYASYNC_STATIC_PYTHON_REASON)
  get_property(extensions GLOBAL PROPERTY PYASYNC_STATIC_PYTHON_EXTENSIONS)
  if(reason)
    set(${result} FALSE PARENT_SCOPE)
  else()
    set(${result} TRUE PARENT_SCOPE)
  endif()
  set(${result}_REASON "${reason}" PARENT_SCOPE)
  set(${result}_EXTENSIONS "${extensions}" PARENT_SCOPE)
  get_property(libraries GLOBAL PROPERTY PYASYNC_STATIC_PYTHON_LIBRARIES)
  set(${result}_LIBRARIES "${libraries}" PARENT_SCOPE)
endfunction()

# pyasync_use_static_extensions(<target> [<module>...] [NAMES_FILE <file>] [LINKED <module>=<function>...] [ONLY])
#
# Makes the executable <target> fully static, with those of the named modules that pyasync_find_static_python() knows;
# what is named besides is left to others. <file> names more of them, one a line; it may be made by the build, as late
# as just before <target> is compiled. LINKED are further modules that <target> links, and the functions that make them
# (PyInit_...). With ONLY, CPython's built-in modules are named like the others; else all of them are there. Call it after pyasync_find_static_python() has said TRUE; what <target> links is
# pyasync::embedded_python, as ever, or pyasync::pyasync.
function(pyasync_use_static_extensions target)
  cmake_parse_arguments(PARSE_ARGV 1 USE "ONLY" "NAMES_FILE" "LINKED")
  list(TRANSFORM USE_LINKED PREPEND "--linked=")
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${target}.static_python")
  set(names "${folder}/names.txt")
  set(more "")
  set(only "")
  if(USE_NAMES_FILE)
    set(more "${USE_NAMES_FILE}")
    cmake_path(ABSOLUTE_PATH more BASE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
  endif()
  if(USE_ONLY)
    set(only --only)
  endif()
  list(JOIN USE_UNPARSED_ARGUMENTS "\n" lines)
  file(CONFIGURE OUTPUT "${names}" CONTENT "${lines}\n" @ONLY)

  set(script "${pyasync_static_python_scripts}/inittab.py")
  set(known "${pyasync_static_python_results}/extensions.txt")
  set(inittab "${folder}/inittab.cpp")
  add_custom_command(OUTPUT "${inittab}"
    COMMAND "${pyasync_static_python_interpreter}" -I -S "${script}"
      --out "${inittab}" --extensions "${known}" ${USE_LINKED} ${only} --names "${names}" ${more}
    DEPENDS "${script}" "${known}" "${names}" ${more} VERBATIM)
  target_sources(${target} PRIVATE "${inittab}")
  set_target_properties(${target} PROPERTIES PYASYNC_STANDALONE STATIC)
  # glibc's archive has a warning for each function that may load libraries; static_runtime.cpp sees to it that none does.
  set_target_properties(${target} PROPERTIES
    RULE_LAUNCH_LINK "\"${pyasync_static_python_interpreter}\" -I -S \"${pyasync_static_python_scripts}/quiet_link.py\"")
endfunction()

# Sets <reason> to nothing and <extensions> and <used>, the libraries, to what there is, having defined pyasync::static_python; else to why not.
function(pyasync_make_static_python reason extensions used)
  set(${extensions} "" PARENT_SCOPE)
  set(${used} "" PARENT_SCOPE)
  set(folder "${pyasync_static_python_results}")
  pyasync_find_python_archive_for_static(fault archive libraries)
  if(NOT fault)
    pyasync_find_python_source(fault source)
  endif()
  if(NOT fault)
    pyasync_build_static_extensions(fault "${source}" "${folder}")
  endif()
  if(fault)
    set(${reason} "${fault}" PARENT_SCOPE)
    return()
  endif()

  file(STRINGS "${folder}/extensions.txt" lines)
  foreach(line IN LISTS lines)
    string(REGEX MATCH "^([a-z_]+) (.*)$" line "${line}")
    list(APPEND all_${CMAKE_MATCH_1} "${CMAKE_MATCH_2}")
  endforeach()
  foreach(each IN LISTS all_left_out)
    message(STATUS "pyasync: static executables are without ${each}")
  endforeach()

  # Of CPython's own archive, too, what is called will do: nothing is loaded that would look for the rest, and nothing has
  # to be exported.
  set(options -static -no-pie -Wl,--gc-sections)
  # What static_dlopen.cpp and static_runtime.cpp define instead.
  foreach(each IN ITEMS dlopen dlsym dlvsym dlclose dlerror __nss_database_get OPENSSL_init_crypto)
    list(APPEND options "-Wl,--wrap=${each}")
  endforeach()
  set(files "${folder}/libpython_extensions.a" "${archive}" ${all_library})
  # One argument, so that nobody reorders it: they need one another.
  list(JOIN files "," link)
  list(JOIN libraries "," libraries)
  set(link "-Wl,--start-group,${link},${libraries},--end-group")
  pyasync_try_static_python(fault "${folder}" "${all_extension}" "${options}" "${link}")
  if(fault)
    set(${reason} "${fault}" PARENT_SCOPE)
    return()
  endif()

  add_library(pyasync::static_python INTERFACE IMPORTED GLOBAL)
  target_link_libraries(pyasync::static_python INTERFACE Python::Module "${link}")
  target_link_options(pyasync::static_python INTERFACE ${options})
  target_sources(pyasync::static_python INTERFACE
    "$<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:${pyasync_static_python_sources}>")
  set_property(TARGET pyasync::static_python PROPERTY INTERFACE_LINK_DEPENDS ${files})
  set(${reason} "" PARENT_SCOPE)
  set(${extensions} "${all_extension}" PARENT_SCOPE)
  set(${used} "${all_library}" PARENT_SCOPE)
endfunction()

# Sets <archive> to CPython's own, and <libraries> to the options for what its built-in modules need; or <fault>.
function(pyasync_find_python_archive_for_static fault archive libraries)
  set(${fault} "" PARENT_SCOPE)
  pyasync_ask_for_python_archive(file found "${pyasync_static_python_interpreter}")
  list(FILTER found INCLUDE REGEX "^-l")
  get_property(has_static_libuv GLOBAL PROPERTY PYASYNC_HAS_STATIC_LIBUV)
  if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
    set(${fault} "fully static executables are for Linux" PARENT_SCOPE)
  elseif(PYASYNC_SANITIZER)
    set(${fault} "a sanitizer's own library cannot be in a fully static executable, and PYASYNC_SANITIZER is \
${PYASYNC_SANITIZER}" PARENT_SCOPE)
  elseif(NOT file MATCHES "\\.a$" OR NOT EXISTS "${file}")
    set(${fault} "the archive of ${pyasync_static_python_interpreter} (${file}) is not there (Debian, Ubuntu: \
apt-get install python3-dev)" PARENT_SCOPE)
  elseif(TARGET pyasync::libuv AND NOT has_static_libuv)
    set(${fault} "there is no static libuv (Debian, Ubuntu: apt-get install libuv1-dev; or \
-DPYASYNC_FETCH_DEPENDENCIES=ALWAYS)" PARENT_SCOPE)
  endif()
  set(${archive} "${file}" PARENT_SCOPE)
  set(${libraries} "${found}" PARENT_SCOPE)
endfunction()

# Sets <source> to the folder with CPython's source, or <fault>. Nothing is downloaded that was not asked for.
function(pyasync_find_python_source fault source)
  set(${fault} "" PARENT_SCOPE)
  set(script "${pyasync_static_python_scripts}/fetch_sources")
  execute_process(COMMAND "${pyasync_static_python_interpreter}" -c "import sys; print(sys.version.split()[0], end='')"
    OUTPUT_VARIABLE version COMMAND_ERROR_IS_FATAL ANY)
  if(PYASYNC_PYTHON_SOURCE)
    set(${source} "${PYASYNC_PYTHON_SOURCE}" PARENT_SCOPE)
  elseif(PYASYNC_FETCH_PYTHON_SOURCE)
    set(folder "${CMAKE_BINARY_DIR}/_deps/python-source")
    set(found "${folder}/Python-${version}")
    if(NOT EXISTS "${found}/Include/patchlevel.h")
      message(STATUS "pyasync: fetching the source of CPython ${version} with apt")
      execute_process(COMMAND "${script}" "${pyasync_static_python_interpreter}" "${folder}"
        RESULT_VARIABLE failed OUTPUT_QUIET ERROR_VARIABLE output)
      if(failed)
        string(REGEX REPLACE ".*\n([^\n]+)\n?$" "\\1" output "${output}")
        set(${fault} "the source of CPython ${version} could not be fetched (${output}): give its folder by \
-DPYASYNC_PYTHON_SOURCE=" PARENT_SCOPE)
      endif()
    endif()
    set(${source} "${found}" PARENT_SCOPE)
  else()
    set(${fault} "the source of CPython ${version} is missing, from which its extension modules are compiled: \
`${script} ${pyasync_static_python_interpreter} <folder>` fetches it with apt, for -DPYASYNC_PYTHON_SOURCE=<folder>/Python-${version}, or \
-DPYASYNC_FETCH_PYTHON_SOURCE=ON does so here" PARENT_SCOPE)
  endif()
endfunction()

# Compiles the extension modules into <folder>, or sets <fault>.
function(pyasync_build_static_extensions fault source folder)
  set(${fault} "" PARENT_SCOPE)
  set(script "${pyasync_static_python_scripts}/build_extensions.py")
  foreach(each IN ITEMS build_extensions.py extension_table.py configured.h)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${pyasync_static_python_scripts}/${each}")
  endforeach()
  if(NOT EXISTS "${folder}/extensions.txt")
    message(STATUS "pyasync: compiling CPython's extension modules for static executables, once")
  endif()
  get_target_property(includes Python::Module INTERFACE_INCLUDE_DIRECTORIES)
  list(TRANSFORM includes PREPEND "--include=")
  execute_process(
    COMMAND "${pyasync_static_python_interpreter}" -I -S "${script}" --source "${source}" --folder "${folder}"
      --compiler "${CMAKE_CXX_COMPILER}" ${includes}
    RESULT_VARIABLE failed OUTPUT_VARIABLE output OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(failed EQUAL 3)
    set(${fault} "${output}" PARENT_SCOPE)
  elseif(failed)
    message(FATAL_ERROR "pyasync: ${script} failed")
  endif()
endfunction()

# Links a program with all of it, and lets it run; sets <fault> where that cannot be. What was seen to work is not tried
# again.
function(pyasync_try_static_python fault folder extensions options link)
  set(${fault} "" PARENT_SCOPE)
  file(SHA256 "${folder}/extensions.txt" digest)
  string(SHA256 digest "${digest}${options}${link}")
  if(pyasync_static_python_works STREQUAL digest)
    return()
  endif()
  list(JOIN extensions "\n" names)
  file(CONFIGURE OUTPUT "${folder}/try/names.txt" CONTENT "${names}\n" @ONLY)
  execute_process(
    COMMAND "${pyasync_static_python_interpreter}" -I -S "${pyasync_static_python_scripts}/inittab.py" --out "${folder}/try/inittab.cpp"
      --extensions "${folder}/extensions.txt" --names "${folder}/try/names.txt"
    COMMAND_ERROR_IS_FATAL ANY)
  file(CONFIGURE OUTPUT "${folder}/try/main.cpp" @ONLY CONTENT "#include <Python.h>\n
int main() {
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    PyConfig_SetBytesString(&config, &config.program_name, R\"(@pyasync_static_python_interpreter@)\");
    return PyStatus_Exception(Py_InitializeFromConfig(&config)) ? 1 : Py_FinalizeEx();
}
")
  get_target_property(includes Python::Module INTERFACE_INCLUDE_DIRECTORIES)
  try_run(exit_code compiled
    SOURCES "${folder}/try/main.cpp" "${folder}/try/inittab.cpp" ${pyasync_static_python_sources}
    CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${includes}" LINK_OPTIONS ${options} LINK_LIBRARIES ${link}
    COMPILE_OUTPUT_VARIABLE output RUN_OUTPUT_VARIABLE output_of_run CXX_STANDARD 20)
  if(NOT compiled)
    string(REGEX MATCH "[^\n]*(cannot find|undefined reference|error:|multiple definition)[^\n]*" why "${output}")
    set(${fault} "a fully static program with CPython in it cannot be linked (${why})" PARENT_SCOPE)
  elseif(NOT exit_code EQUAL 0)
    set(${fault} "a fully static program with CPython in it was linked, and does not run (${output_of_run})" PARENT_SCOPE)
  else()
    set(pyasync_static_python_works "${digest}" CACHE INTERNAL "What fully static programs were seen to be linked of")
  endif()
endfunction()
