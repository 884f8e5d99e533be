# Embeds every profiles/*.toml in the binary: writes a source file that defines
# carillon::config::embedded_profiles() and gives it to the target carillon_config.
#
# The same file is the script that writes it, at build time, so that a changed profile is embedded
# anew without another configure.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  file(GLOB profiles CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/profiles/*.toml)
  set(generated ${PROJECT_BINARY_DIR}/generated/embedded_profiles.cc)
  add_custom_command(OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -DPROFILES=${PROJECT_SOURCE_DIR}/profiles -DOUTPUT=${generated}
            -P ${CMAKE_CURRENT_LIST_FILE}
    DEPENDS ${profiles} ${CMAKE_CURRENT_LIST_FILE}
    COMMENT "Embedding the profiles" VERBATIM)
  target_sources(carillon_config PRIVATE ${generated})
  return()
endif()

file(GLOB profiles ${PROFILES}/*.toml)
list(SORT profiles)
set(entries "")
foreach(profile IN LISTS profiles)
  get_filename_component(name "${profile}" NAME_WE)
  file(READ "${profile}" text)
  string(FIND "${text}" ")profile\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${profile} contains )profile\", which ends a C++ raw string; write it otherwise")
  endif()
  string(APPEND entries "      {\"${name}\", R\"profile(${text})profile\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Written by cmake/embed_profiles.cmake from profiles/*.toml.
#include \"config/load.h\"

namespace carillon::config {

const std::vector<Profile>& embedded_profiles() {
  static const std::vector<Profile> profiles = {
${entries}  };
  return profiles;
}

}  // namespace carillon::config
")
