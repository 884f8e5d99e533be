#include <cstdio>
#include <exception>

#include "app/command/command_line.h"
#include "base/descriptor_table.h"

int main(int argc, char** argv) {
  if (!carillon::open_standard_descriptors()) return 1;  // and there is nowhere to report it
  try {
    return carillon::app::run_command_line(argc, argv);
  } catch (const std::exception&
               error) {  // while starting; a shard that fails later ends the process (run_loop.h)
    std::fprintf(stderr, "carillon: cannot start: %s\n", error.what());
    return 1;
  }
}
