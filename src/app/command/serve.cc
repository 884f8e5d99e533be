#include <unistd.h>

#include <cstdio>

#include "app/command/verbs.h"
#include "app/config_file.h"
#include "app/process/serving.h"
#include "app/process/socket_activation.h"
#include "app/process/takeover.h"
#include "app/terminal.h"

namespace carillon::app {
int run_serve(const ServeArguments& arguments) {
  auto config = load_config_file(arguments.config_file);
  if (!config) return 2;
  Serving serving;
  serving.read = ConfigReader::of_file(arguments.config_file);
  auto activated = sockets_of_the_service_manager(config::Environment::of_process().variable, ::getpid(),
                                                  config->loaded.settings.server.listen);
  if (!activated) return fail(activated.error().message);
  serving.inheritance = std::move(*activated);
  if (arguments.takeover) {
    const std::string& control = config->loaded.settings.server.control;
    if (control.empty()) {
      return fail(arguments.config_file +
                  ": a takeover needs server.control, the control socket of the running process");
    }
    auto handover = ask_for_handover(control);
    if (!handover) return fail(handover.error().message);
    serving.handover = std::move(*handover);
  }
  return serve(std::move(*config), std::move(serving));
}

}  // namespace carillon::app
