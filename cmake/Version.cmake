# Version, commit and compiler for `digester version`, written at configure time and refreshed when HEAD moves.
# The environment's DIGESTER_COMMIT serves where there is no history, as in an image build.
find_package(Git QUIET)
set(DIGESTER_COMMIT "$ENV{DIGESTER_COMMIT}")
if(NOT DIGESTER_COMMIT)
  set(DIGESTER_COMMIT "unknown")
endif()
if(GIT_FOUND AND EXISTS ${PROJECT_SOURCE_DIR}/.git)
  execute_process(COMMAND ${GIT_EXECUTABLE} -C ${PROJECT_SOURCE_DIR} rev-parse --short=12 HEAD
    OUTPUT_VARIABLE DIGESTER_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE git_result)
  if(NOT git_result EQUAL 0)
    set(DIGESTER_COMMIT "unknown")
  endif()
  if(EXISTS ${PROJECT_SOURCE_DIR}/.git/logs/HEAD)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/.git/logs/HEAD)
  endif()
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/build_info.hpp.in ${CMAKE_BINARY_DIR}/generated/build_info.hpp @ONLY)
