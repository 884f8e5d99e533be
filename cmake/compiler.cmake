# Warnings, hardening and sanitizers, the same for every target.
add_library(carillon_flags INTERFACE)
target_compile_options(carillon_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Wcast-qual -Woverloaded-virtual -Wnull-dereference -Wimplicit-fallthrough
  -fstack-protector-strong)
target_compile_definitions(carillon_flags INTERFACE CARILLON_VERSION="${PROJECT_VERSION}")
target_include_directories(carillon_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees null dereferences and overflows inside its own headers once they are inlined.
  target_compile_options(carillon_flags INTERFACE -Wno-null-dereference)
endif()
if(CARILLON_WERROR)
  target_compile_options(carillon_flags INTERFACE -Werror)
endif()
if(CARILLON_SANITIZE)
  add_compile_options(-fsanitize=${CARILLON_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${CARILLON_SANITIZE})
  if(CARILLON_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Boost.Asio, which verbs such as `carillon publish` use on their only thread, has fences that GCC's TSan does not model.
    target_compile_options(carillon_flags INTERFACE -Wno-tsan)
  endif()
elseif(CMAKE_BUILD_TYPE MATCHES "Release|RelWithDebInfo")
  target_compile_definitions(carillon_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
if(CARILLON_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
find_program(CCACHE ccache)
if(CCACHE)
  # Paths below the checkout are hashed as relative ones, so that another clone finds what this one built.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
