# Writes the header OUT with the commit of the checkout SOURCE, its date, and whether it has changes. Leaves the
# file alone when it would be the same.
set(commit "unknown: not built from a checkout")
execute_process(COMMAND git -C ${SOURCE} log -1 --format=%h,\ %cs OUTPUT_VARIABLE found ERROR_QUIET
                OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
if(NOT failed AND EXISTS ${SOURCE}/.git)
  set(commit "${found}")
  execute_process(COMMAND git -C ${SOURCE} diff --quiet HEAD RESULT_VARIABLE has_changes ERROR_QUIET)
  if(has_changes)
    string(APPEND commit ", with changes")
  endif()
endif()
set(text "#define CARILLON_COMMIT \"${commit}\"\n")
if(EXISTS ${OUT})
  file(READ ${OUT} before)
endif()
if(NOT "${before}" STREQUAL "${text}")
  file(WRITE ${OUT} "${text}")
endif()
