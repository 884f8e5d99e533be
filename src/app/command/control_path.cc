#include "app/command/control_path.h"

#include "config/load.h"

namespace carillon::app {

Result<std::string> control_path(const ControlArguments& arguments) {
  if (!arguments.control.empty()) return arguments.control;
  const auto environment = config::Environment::of_process();
  const auto text = environment.read_file(arguments.config_file);
  if (!text) return failure(arguments.config_file + ": " + text.error().message);
  return config::load(*text, arguments.config_file, environment).settings.server.control;
}

}  // namespace carillon::app
