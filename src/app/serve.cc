#include "app/config_file.h"
#include "app/serving.h"
#include "app/verbs.h"

namespace carillon::app {

int run_serve(const std::string& config_file) {
  auto loaded = load_config_file(config_file);
  if (!loaded) return 2;
  Serving serving;
  serving.warnings = std::move(loaded->warnings);
  return serve(std::move(loaded->settings), serving);
}

}  // namespace carillon::app
