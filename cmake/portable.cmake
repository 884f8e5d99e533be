# CARILLON_PORTABLE: the binary of the tarball links every library but glibc statically, and uses of glibc only what
# version 2.34 has. It then runs where none of Debian 12's packages is installed.
#
# Debian has no static fmt and spdlog, so their headers are compiled in, and no static prometheus-cpp, so
# deploy/portable has the one function of it that is used.
set(CARILLON_LOGGING spdlog::spdlog fmt::fmt)
set(CARILLON_METRICS prometheus-cpp::core)
if(CARILLON_PORTABLE)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  set(OPENSSL_USE_STATIC_LIBS ON)
  set(CARILLON_LOGGING spdlog::spdlog_header_only fmt::fmt-header-only)
  set(CARILLON_METRICS carillon_metrics_text)
  add_library(carillon_metrics_text STATIC deploy/portable/metrics_text.cc)
  target_link_libraries(carillon_metrics_text PRIVATE carillon_flags)
endif()

# carillon_make_portable(TARGET): what of libstdc++ and of glibc TARGET's executable brings with it.
function(carillon_make_portable target)
  target_sources(${target} PRIVATE deploy/portable/newer_glibc.cc)
  # The linker reads archives once, so the functions must be there before the libraries that need them.
  target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc)
endfunction()
