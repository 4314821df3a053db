# Compiler flags, sanitizers, linker and compiler cache, in one interface target.
option(DIGESTER_BUILD_TESTS "Build the tests" ON)
option(DIGESTER_BUILD_FUZZ "Build the libFuzzer targets (clang only)" OFF)
set(DIGESTER_SANITIZE "" CACHE STRING "Sanitizers: empty, 'address,undefined' or 'thread'")

add_library(digester_options INTERFACE)
target_compile_features(digester_options INTERFACE cxx_std_20)
target_compile_options(digester_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align
  -Wimplicit-fallthrough -Werror=return-type -Werror=dangling-else -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 warns about its own <string> and about coroutine frames it laid out itself.
  target_compile_options(digester_options INTERFACE -fcoroutines
    -Wno-restrict -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow -Wno-mismatched-new-delete)
endif()
target_link_options(digester_options INTERFACE -Wl,--gc-sections)
target_compile_options(digester_options INTERFACE -ffunction-sections -fdata-sections)

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(digester_options INTERFACE _FORTIFY_SOURCE=2)
  target_compile_options(digester_options INTERFACE -fstack-protector-strong)
  target_link_options(digester_options INTERFACE -Wl,-z,relro,-z,now)
endif()

if(DIGESTER_SANITIZE)
  target_compile_options(digester_options INTERFACE -fsanitize=${DIGESTER_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(digester_options INTERFACE -fsanitize=${DIGESTER_SANITIZE})
  if(DIGESTER_SANITIZE MATCHES "thread")
    target_compile_options(digester_options INTERFACE -Wno-tsan)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(digester_options INTERFACE -fno-sanitize=function)
  endif()
endif()

find_program(DIGESTER_CCACHE ccache)
if(DIGESTER_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${DIGESTER_CCACHE})
endif()
find_program(DIGESTER_MOLD mold)
if(DIGESTER_MOLD)
  target_link_options(digester_options INTERFACE -fuse-ld=mold)
endif()
