# carillon_embed_text(TARGET FILE NAMESPACE::FUNCTION): FUNCTION, a `std::string_view ()`, answers the
# text of FILE as it was at build time.
#
# The same file is the script that writes the source, so that a changed text is embedded anew without
# another configure.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${TEXT}" text)
  string(FIND "${text}" ")text\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${TEXT} contains )text\", which ends a C++ raw string; write it otherwise")
  endif()
  string(REGEX REPLACE "::[^:]*$" "" namespace "${FUNCTION}")
  string(REGEX REPLACE "^.*::" "" name "${FUNCTION}")
  file(WRITE "${OUTPUT}" "// Written by cmake/embed_text.cmake from ${TEXT}.
#include <string_view>

namespace ${namespace} {

std::string_view ${name}() { return R\"text(${text})text\"; }

}  // namespace ${namespace}
")
  return()
endif()

function(carillon_embed_text target file function)
  string(MAKE_C_IDENTIFIER "${file}" identifier)
  set(generated ${PROJECT_BINARY_DIR}/generated/${identifier}.cc)
  add_custom_command(OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -DTEXT=${PROJECT_SOURCE_DIR}/${file} -DFUNCTION=${function}
            -DOUTPUT=${generated} -P ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    DEPENDS ${PROJECT_SOURCE_DIR}/${file} ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    COMMENT "Embedding ${file}" VERBATIM)
  target_sources(${target} PRIVATE ${generated})
endfunction()
