// `carillon version`: what a report of a fault should begin with.
#include <carillon_commit.h>  // made by the build
#include <hiredis/hiredis.h>
#include <openssl/crypto.h>
#include <spdlog/version.h>
#include <zlib.h>

#include <cstdio>
#include <string>

#include "app/command/verbs.h"

namespace carillon::app {

int run_version() {
  std::printf("carillon %s\n", CARILLON_VERSION);
  std::printf("commit    %s\n", CARILLON_COMMIT);
  std::printf("compiler  %s\n",
#if defined(__clang__)
              "Clang " __clang_version__
#else
              "GCC " __VERSION__
#endif
  );
  std::printf("libraries %s, hiredis %d.%d.%d, spdlog %d.%d.%d, zlib %s\n", OpenSSL_version(OPENSSL_VERSION),
              HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH, SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR,
              SPDLOG_VER_PATCH, zlibVersion());
  return 0;
}

}  // namespace carillon::app
