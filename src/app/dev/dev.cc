// `carillon dev`: a gateway to try things with, and the loop in which a protocol of one's own is written.
#include "app/dev/dev.h"

#include <cstdio>

#include "app/dev/session.h"

namespace carillon::app {

int run_dev(const DevArguments& arguments) {
  DevConfig config(arguments, load_dev_keys(config::Environment::of_process().variable));
  if (const std::string fault = config.fault_of_arguments(); !fault.empty()) {
    std::fprintf(stderr, "carillon: %s\n", fault.c_str());
    return 2;
  }
  return DevSession(std::move(config)).run();
}

}  // namespace carillon::app
