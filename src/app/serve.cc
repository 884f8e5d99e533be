#include "app/config_file.h"
#include "app/serving.h"
#include "app/verbs.h"

namespace carillon::app {

int run_serve(const std::string& config_file) {
  auto config = load_config_file(config_file);
  if (!config) return 2;
  Serving serving;
  serving.config_file = config_file;
  return serve(std::move(*config), serving);
}

}  // namespace carillon::app
