# carillon_layer(NAME LEVEL [LINK LIBS...])
#
# Makes the static library carillon_NAME of the sources in src/NAME, its test program NAME_test of *_test.cc
# and its benchmark NAME_bench of *_bench.cc. It links every layer with a smaller level, and so
# cannot see its equals or betters.
set_property(GLOBAL PROPERTY CARILLON_LAYERS "")

function(carillon_layer name level)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cc)
  set(tests ${sources})
  set(benches ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_test|_bench|/main)\\.cc$")

  get_property(layers GLOBAL PROPERTY CARILLON_LAYERS)
  set(below "")
  foreach(entry IN LISTS layers)
    string(REPLACE ":" ";" pair ${entry})
    list(GET pair 0 other)
    list(GET pair 1 other_level)
    if(other_level LESS level)
      list(PREPEND below carillon_${other})
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY CARILLON_LAYERS ${name}:${level})

  set(target carillon_${name})
  if(sources)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC carillon_flags ${below} ${ARG_LINK})
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE carillon_flags ${below} ${ARG_LINK})
  endif()

  if(CARILLON_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${target} GTest::gmock GTest::gtest_main)
    add_dependencies(unit_tests ${name}_test)
    # Optimizing the tests would take longer than running them.
    target_compile_options(${name}_test PRIVATE $<$<CONFIG:RelWithDebInfo>:-O0;-U_FORTIFY_SOURCE>)
    if(CARILLON_UNITY_TESTS)
      set_target_properties(${name}_test PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
    endif()
  endif()
  if(CARILLON_BENCH AND benches)
    add_executable(${name}_bench ${benches})
    target_link_libraries(${name}_bench PRIVATE ${target} benchmark::benchmark_main)
  endif()
endfunction()

add_custom_target(unit_tests)
