# A room is one folder under lib/: one static library, one job.
#
#   digester_room(<name> SOURCES … [LINKS room…] [USES library…])
#
# LINKS names the rooms it may include, USES the third-party libraries. A room sees another room's
# headers only through LINKS: each room has an include directory of its own that holds nothing but
# a link to its folder, so that `#include "registry/resolver.hpp"` fails to compile in a room that
# does not link `registry`. CMake refuses cycles between static libraries' interfaces in use here,
# because a room can only link rooms declared before it.
function(digester_room name)
  cmake_parse_arguments(ARG "" "FOLDER" "SOURCES;LINKS;USES;USES_PRIVATE" ${ARGN})
  if(NOT ARG_FOLDER)
    set(ARG_FOLDER ${name})
  endif()
  set(include_root ${CMAKE_BINARY_DIR}/rooms/${name})
  get_filename_component(link_parent ${include_root}/${ARG_FOLDER} DIRECTORY)
  file(MAKE_DIRECTORY ${link_parent})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${include_root}/${ARG_FOLDER} SYMBOLIC)

  add_library(digester_${name} STATIC ${ARG_SOURCES})
  add_library(digester::${name} ALIAS digester_${name})
  target_include_directories(digester_${name} PUBLIC ${include_root})
  foreach(room IN LISTS ARG_LINKS)
    if(NOT TARGET digester_${room})
      message(FATAL_ERROR "room ${name} reaches for ${room}, which is not below it")
    endif()
    target_link_libraries(digester_${name} PUBLIC digester_${room})
  endforeach()
  target_link_libraries(digester_${name} PUBLIC ${ARG_USES} PRIVATE ${ARG_USES_PRIVATE} digester_options)
endfunction()

# digester_test(<room> SOURCES … [LINKS room…]): the room's Catch2 binary, its cases known to ctest.
function(digester_test name)
  if(NOT DIGESTER_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  set(target test_${name})
  add_executable(${target} ${ARG_SOURCES})
  foreach(room IN LISTS ARG_LINKS)
    target_link_libraries(${target} PRIVATE digester_${room})
  endforeach()
  target_link_libraries(${target} PRIVATE digester_options digester_catch_main)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/test)
  target_compile_definitions(${target} PRIVATE DIGESTER_TEST_DATA="${PROJECT_SOURCE_DIR}/test/data")
  catch_discover_tests(${target} TEST_PREFIX "${name}: " DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT 120)
endfunction()
