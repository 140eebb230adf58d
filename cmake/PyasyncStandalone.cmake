# cmake/PyasyncStandalone.cmake: executables that carry Python and all that they need of it in their own file.
# SPDX-License-Identifier: MIT
include_guard(GLOBAL)
include(PyasyncPlacePythonModules)

# What pyasync_add_app() takes behind STANDALONE:
#
#   MODE AUTO|EMBEDDED|STATIC    STATIC needs nothing of the system but its kernel; EMBEDDED needs its C library, and loads
#                                extension modules as they are, from memory. AUTO, the default, is the first that is possible
#                                here; the configuration says which, and why.
#   STDLIB AUTO|FULL|<module>... what of the standard library is in it: what the imports in the sources show, the default; all
#                                of it; or what they show and these modules.
#   IMPORTS <module>...          further modules that are imported by a name which no source shows: what C++ calls
#   EXCLUDE <module>...          is not in it, nor what is below it, whoever imports it
#   PYTHON_SITE <folder>...      folders with installed packages (site-packages, dist-packages): what is imported of them is in it
#   STATIC_EXTENSIONS <module>=<archive>[:<function>]...
#                                extension modules of others, compiled into archives (lib*.a), for MODE STATIC: "uvloop.loop=libloop.a".
#                                The function is PyInit_ with the last part of the module's name, unless it is named.
#   CA_BUNDLE <file>             certificate authorities (PEM) that it trusts, instead of the machine's that it runs on
#   COMPRESS none|modules|exe    modules: what is imported is unpacked when it is, and starts a little later; exe: the whole
#                                executable unpacks itself into memory when it starts. Needs libzstd as an archive then.
#   OPTIMIZE 0|2                 as python3 -O has it: 2 is without assertions and docstrings
#
# Beside the executable come <name>.manifest.txt, what is in it and why, and <name>.NOTICE.txt, the licences. An import that is
# not optional and finds nothing fails the build.
# (What the functions use has to be there in every folder of the project that calls them.)
set(pyasync_standalone_single MODE CA_BUNDLE COMPRESS OPTIMIZE CACHE INTERNAL "")
set(pyasync_standalone_lists STDLIB IMPORTS EXCLUDE PYTHON_SITE STATIC_EXTENSIONS CACHE INTERNAL "")
set(pyasync_standalone_tools "${CMAKE_CURRENT_LIST_DIR}/standalone" CACHE INTERNAL "")
set(pyasync_standalone_source "${CMAKE_CURRENT_LIST_DIR}/standalone_archive.cpp.in" CACHE INTERNAL "")
set(pyasync_standalone_python "${Python_EXECUTABLE}" CACHE INTERNAL "")
set(pyasync_standalone_licence "${pyasync_standalone_tools}/terms_of_pyasync.txt" CACHE INTERNAL "")
if(NOT EXISTS "${pyasync_standalone_licence}")  # it is not installed
  set(pyasync_standalone_licence "${CMAKE_CURRENT_LIST_DIR}/../LICENSE" CACHE INTERNAL "")
endif()

# Ends the configuration where APP_<argument> is none of <value>...
function(pyasync_check_choice name argument)
  if(DEFINED APP_${argument} AND NOT APP_${argument} IN_LIST ARGN)
    list(JOIN ARGN ", " choices)
    message(FATAL_ERROR "pyasync_add_app(${name}): ${argument} is one of ${choices}, not '${APP_${argument}}'")
  endif()
endfunction()

# Sets <result> to "STATIC" or "EMBEDDED"; <option>... are what build.py is told of the modules.
function(pyasync_choose_standalone_mode name result)
  if(NOT TARGET pyasync::python_in_standalone)
    message(FATAL_ERROR "pyasync_add_app(${name} STANDALONE) needs CPython as an archive that can be linked into programs \
(Debian, Ubuntu: libpython3-dev; pyenv and python.org's builds have it), and ${pyasync_standalone_python} has none.")
  endif()
  if(APP_SHARED_PYTHON)
    message(FATAL_ERROR "pyasync_add_app(${name}): STANDALONE has Python in the executable, SHARED_PYTHON has it in a file of \
its own: choose one")
  endif()
  if(PYASYNC_SANITIZER)
    message(FATAL_ERROR "pyasync_add_app(${name}): a STANDALONE executable cannot be built with a sanitizer, which brings \
libraries of its own")
  endif()
  set(mode EMBEDDED)
  if(NOT APP_MODE STREQUAL "EMBEDDED")
    pyasync_find_static_python(is_possible)
    set(reason "${is_possible_REASON}")
    if(is_possible AND NOT APP_MODE STREQUAL "STATIC")
      pyasync_try_static_modules(is_possible reason ${name} ${ARGN})
    endif()
    if(is_possible)
      set(mode STATIC)
    elseif(APP_MODE STREQUAL "STATIC")
      message(FATAL_ERROR "pyasync_add_app(${name}): MODE STATIC is not possible: ${reason}")
    endif()
  endif()
  if(mode STREQUAL "STATIC")
    message(STATUS "pyasync: ${name} will be a fully static executable")
  elseif(APP_MODE STREQUAL "EMBEDDED")
    message(STATUS "pyasync: ${name} will load extension modules from its own memory, and need the C library")
  else()
    message(STATUS "pyasync: ${name} will load extension modules from its own memory, and need the C library; it cannot be fully \
static: ${reason}")
  endif()
  set(${result} ${mode} PARENT_SCOPE)
endfunction()

# Sets <result> to whether all modules of <name> can be in a static file, and else <reason>; <option>... are build.py's.
function(pyasync_try_static_modules result reason name)
  pyasync_find_static_python(known)
  set(options ${ARGN})
  pyasync_add_options(options --static-extension ${known_EXTENSIONS} ${pyasync_linked_modules})
  set(try "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${name}.standalone/try")
  execute_process(
    COMMAND "${pyasync_standalone_python}" -I -S -B "${pyasync_standalone_tools}/build.py" ${options} --mode STATIC --all --output "${try}"
      --depfile "${try}.d" --manifest "${try}.manifest" --notice "${try}.notice"
    RESULT_VARIABLE failed ERROR_VARIABLE errors OUTPUT_QUIET)
  file(REMOVE "${try}" "${try}.d" "${try}.manifest" "${try}.notice")
  # Other faults are the build's to tell.
  if(failed AND errors MATCHES "cannot be in it")
    string(REGEX REPLACE "\nerror: |\n" "; " errors "${errors}")
    string(REGEX REPLACE "^error: |; $" "" errors "${errors}")
    set(${result} FALSE PARENT_SCOPE)
    set(${reason} "${errors}" PARENT_SCOPE)
  endif()
endfunction()

# Sets <result> to the archives of others that are linked into executables of that mode, for the notice.
function(pyasync_find_archives_of_others result mode)
  set(libraries "")
  get_target_property(link pyasync::python_in_standalone INTERFACE_LINK_LIBRARIES)
  if(TARGET PkgConfig::pyasync_libuv_archive)
    get_target_property(libuv PkgConfig::pyasync_libuv_archive INTERFACE_LINK_LIBRARIES)
    list(APPEND link ${libuv})
  endif()
  if(mode STREQUAL "STATIC")
    pyasync_find_static_python(static)
    list(APPEND link ${static_LIBRARIES})
  endif()
  # fmt has no code of its own in it, but for that of its headers.
  set(names stdc++ gcc gcc_eh fmt)
  if(APP_COMPRESS STREQUAL "exe")
    list(APPEND names zstd)
  endif()
  foreach(name IN LISTS names)
    execute_process(COMMAND "${CMAKE_CXX_COMPILER}" "-print-file-name=lib${name}.a"
      OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE)
    list(APPEND link "${found}")
  endforeach()
  foreach(each IN LISTS link)
    cmake_path(GET each FILENAME file)
    # CPython and the C library have sections of their own.
    if(EXISTS "${each}" AND each MATCHES "\\.a$" AND NOT file MATCHES "^lib(python.*|c|m|dl|rt|pthread|util)\\.a$")
      file(REAL_PATH "${each}" each)
      list(APPEND libraries "${each}")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES libraries)
  set(${result} "${libraries}" PARENT_SCOPE)
endfunction()

# Sets <result> to "<path below the application>=<file>" for each of the files, checked.
function(pyasync_place_in_archive result name kind)
  set(placed "")
  foreach(given IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH given BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE OUTPUT_VARIABLE file)
    if(IS_DIRECTORY "${file}")
      message(FATAL_ERROR "pyasync_add_app(${name}): ${kind}: ${file} is a folder: name the files in it")
    elseif(NOT EXISTS "${file}")
      message(FATAL_ERROR "pyasync_add_app(${name}): ${kind}: no such file: ${file}")
    endif()
    pyasync_place_below_application(place "${file}")
    cmake_path(GET file PARENT_PATH package)
    if(place STREQUAL "__init__.py" AND NOT package STREQUAL CMAKE_CURRENT_SOURCE_DIR)
      message(FATAL_ERROR "pyasync_add_app(${name}): ${kind}: ${file} is a package outside of ${CMAKE_CURRENT_SOURCE_DIR}: \
name the folder that the package is in behind PYTHON_SITE, and the package behind IMPORTS")
    endif()
    list(APPEND placed "${place}=${file}")
  endforeach()
  set(${result} "${placed}" PARENT_SCOPE)
endfunction()

# Appends "<option> <value>" for each value to the list <result>.
macro(pyasync_add_options result option)
  foreach(value IN ITEMS ${ARGN})
    list(APPEND ${result} "${option}" "${value}")
  endforeach()
endmacro()

# Sets pyasync_linked_modules, _functions (module=function) and _archives to what STATIC_EXTENSIONS says.
function(pyasync_find_linked_extensions name)
  foreach(each IN ITEMS functions modules linked archives)
    set(${each} "")  # a project may have a variable of that name
  endforeach()
  foreach(each IN LISTS APP_STATIC_EXTENSIONS)
    if(NOT each MATCHES "^([A-Za-z0-9_.]+)=([^:]+)(:([A-Za-z0-9_]+))?$")
      message(FATAL_ERROR "pyasync_add_app(${name}): STATIC_EXTENSIONS: '${each}' is not <module>=<archive>[:<function>]")
    endif()
    set(module "${CMAKE_MATCH_1}")
    set(archive "${CMAKE_MATCH_2}")
    set(function "${CMAKE_MATCH_4}")
    if(NOT function)
      string(REGEX REPLACE "^.*\\." "" last "${module}")
      set(function "PyInit_${last}")
    endif()
    if("${function}" IN_LIST functions)
      message(FATAL_ERROR "pyasync_add_app(${name}): STATIC_EXTENSIONS: two have a function ${function}: rename that of ${module} \
(objcopy --redefine-sym ${function}=<other> ${archive}), and say ${module}=${archive}:<other>")
    endif()
    list(APPEND functions "${function}")
    if(NOT TARGET "${archive}")
      cmake_path(ABSOLUTE_PATH archive BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
      if(NOT EXISTS "${archive}")
        message(FATAL_ERROR "pyasync_add_app(${name}): STATIC_EXTENSIONS: no such file, nor target: ${archive}")
      endif()
    endif()
    list(APPEND modules "${module}")
    list(APPEND linked "${module}=${function}")
    list(APPEND archives "${archive}")
  endforeach()
  set(pyasync_linked_modules "${modules}" PARENT_SCOPE)
  set(pyasync_linked_functions "${linked}" PARENT_SCOPE)
  set(pyasync_linked_archives "${archives}" PARENT_SCOPE)
endfunction()

# Packs the executable <name> when it has been linked.
function(pyasync_pack name mode)
  execute_process(COMMAND "${CMAKE_CXX_COMPILER}" -print-file-name=libzstd.a OUTPUT_VARIABLE zstd OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT EXISTS "${zstd}")
    message(FATAL_ERROR "pyasync_add_app(${name}): COMPRESS exe needs libzstd as an archive (Debian, Ubuntu: libzstd-dev)")
  endif()
  set(sources "${pyasync_standalone_tools}/packed")
  set(launcher pyasync_${mode}_launcher)
  if(NOT TARGET ${launcher})
    add_executable(${launcher} EXCLUDE_FROM_ALL "${sources}/launcher.cpp")
    target_compile_options(${launcher} PRIVATE -Os -ffunction-sections -fdata-sections -fno-exceptions -fno-rtti)
    target_link_options(${launcher} PRIVATE -s -Wl,--gc-sections -Wl,-z,noseparate-code -Wl,--build-id=none)
    if(mode STREQUAL "STATIC")
      target_link_options(${launcher} PRIVATE -static -no-pie)
      target_link_libraries(${launcher} PRIVATE "${zstd}")
      if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
        target_sources(${launcher} PRIVATE "${sources}/without_libc.cpp")
        target_compile_options(${launcher} PRIVATE -fno-stack-protector)
        target_link_options(${launcher} PRIVATE -nostdlib)
      endif()
    else()
      target_link_libraries(${launcher} PRIVATE "${zstd}" -nodefaultlibs -lc)
    endif()
  endif()
  if(NOT TARGET pyasync_pack)
    add_executable(pyasync_pack EXCLUDE_FROM_ALL "${sources}/pack.cpp")
    target_link_libraries(pyasync_pack PRIVATE "${zstd}")
  endif()
  foreach(tool IN ITEMS ${launcher} pyasync_pack)
    target_compile_features(${tool} PRIVATE cxx_std_20)
    set_target_properties(${tool} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/CMakeFiles/pyasync")
    add_dependencies(${name} ${tool})
    set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS "$<TARGET_FILE:${tool}>")
  endforeach()
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND pyasync_pack "$<TARGET_FILE:${launcher}>" "$<TARGET_FILE:${name}>" VERBATIM)
endfunction()

# Makes <name>, an executable, a standalone one, as the APP_ variables of its caller say.
function(pyasync_make_standalone name)
  pyasync_check_choice(${name} MODE AUTO EMBEDDED STATIC)
  pyasync_check_choice(${name} COMPRESS none modules exe)
  pyasync_check_choice(${name} OPTIMIZE 0 2)

  set(folder "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${name}.standalone")
  file(MAKE_DIRECTORY "${folder}")
  set(archive "${folder}/archive")
  set(options --name "${name}" --cache "${CMAKE_BINARY_DIR}/CMakeFiles/pyasync/standalone_cache")
  pyasync_place_in_archive(modules ${name} PYTHON_MODULES ${APP_PYTHON_MODULES})
  pyasync_place_in_archive(resources ${name} RESOURCES ${APP_RESOURCES})
  pyasync_add_options(options --module ${modules})
  pyasync_add_options(options --resource ${resources})
  pyasync_add_options(options --stdlib ${APP_STDLIB})
  pyasync_add_options(options --import ${APP_IMPORTS})
  pyasync_add_options(options --exclude ${APP_EXCLUDE})
  foreach(site IN LISTS APP_PYTHON_SITE)
    cmake_path(ABSOLUTE_PATH site BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    if(NOT IS_DIRECTORY "${site}")
      message(FATAL_ERROR "pyasync_add_app(${name}): PYTHON_SITE: no such folder: ${site}")
    endif()
    list(APPEND options --python-site "${site}")
  endforeach()
  if(APP_CA_BUNDLE)
    pyasync_place_in_archive(ca_bundle ${name} CA_BUNDLE "${APP_CA_BUNDLE}")
    string(REGEX REPLACE "^[^=]*=" "" ca_bundle "${ca_bundle}")
    list(APPEND options --ca-bundle "${ca_bundle}")
  endif()
  if(APP_COMPRESS STREQUAL "modules")
    list(APPEND options --compress)
  elseif(APP_COMPRESS STREQUAL "exe")
    list(APPEND options --packed)
  endif()
  if(DEFINED APP_OPTIMIZE)
    list(APPEND options --optimize ${APP_OPTIMIZE})
  endif()
  foreach(own IN ITEMS children importer metadata report resources tls)
    list(APPEND options --own "_pyasync_${own}=${pyasync_standalone_tools}/own/${own}.py")
  endforeach()

  pyasync_find_linked_extensions(${name})
  pyasync_choose_standalone_mode(${name} mode ${options})
  if(mode STREQUAL "STATIC" AND NOT APP_MODE STREQUAL "STATIC")
    list(APPEND options --all "${name} was to be fully static when CMake configured it: configure again, and it becomes what it can be")
  endif()
  if(APP_STATIC_EXTENSIONS AND NOT mode STREQUAL "STATIC")
    message(FATAL_ERROR "pyasync_add_app(${name}): STATIC_EXTENSIONS are for a fully static executable, and this one is ${mode}")
  endif()
  set_target_properties(${name} PROPERTIES PYASYNC_STANDALONE ${mode})
  list(APPEND options --mode ${mode} --output "${archive}" --depfile "${archive}.d" --target "${archive}"
    --manifest "${CMAKE_CURRENT_BINARY_DIR}/${name}.manifest.txt" --notice "${CMAKE_CURRENT_BINARY_DIR}/${name}.NOTICE.txt")
  pyasync_find_archives_of_others(libraries ${mode})
  list(APPEND options --licence "pyasync=${pyasync_standalone_licence}")
  pyasync_add_options(options --static-library ${libraries})
  set(names "")
  if(mode STREQUAL "STATIC")
    pyasync_find_static_python(static)
    pyasync_add_options(options --static-extension ${static_EXTENSIONS} ${pyasync_linked_modules})
    set(names "${archive}.names")
    list(APPEND options --static-names "${names}")
  endif()

  file(GLOB tools CONFIGURE_DEPENDS "${pyasync_standalone_tools}/*.py")
  add_custom_command(OUTPUT "${archive}" ${names}
    BYPRODUCTS "${CMAKE_CURRENT_BINARY_DIR}/${name}.manifest.txt" "${CMAKE_CURRENT_BINARY_DIR}/${name}.NOTICE.txt"
    COMMAND "${pyasync_standalone_python}" -I -S -B "${pyasync_standalone_tools}/build.py" ${options}
    DEPENDS ${tools} DEPFILE "${archive}.d" COMMENT "Gathering the modules of ${name}" VERBATIM)
  configure_file("${pyasync_standalone_source}" "${folder}/archive.cpp" @ONLY)
  set_property(SOURCE "${folder}/archive.cpp" PROPERTY OBJECT_DEPENDS "${archive}")
  target_sources(${name} PRIVATE "${folder}/archive.cpp")
  target_link_libraries(${name} PRIVATE pyasync::standalone)
  if(mode STREQUAL "STATIC")
    pyasync_use_static_extensions(${name} ONLY NAMES_FILE "${names}" LINKED ${pyasync_linked_functions})
    target_link_libraries(${name} PRIVATE ${pyasync_linked_archives})
  endif()
  if(APP_COMPRESS STREQUAL "exe")
    pyasync_pack(${name} ${mode})
  endif()
  target_link_options(${name} PRIVATE -Wl,--gc-sections "$<$<CONFIG:Release,MinSizeRel>:-s>")
  # The names of files that it tells in tracebacks are those in the project, wherever that was built.
  target_compile_options(${name} PRIVATE "$<$<CONFIG:Release,MinSizeRel>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=>")
endfunction()
