// `carillon reload`: has a running gateway read its configuration again.
#include <cstdio>

#include "app/command/control_client.h"
#include "app/command/control_path.h"
#include "app/command/verbs.h"
#include "app/terminal.h"
#include "json/reader.h"

namespace carillon::app {
namespace {

constexpr seconds kPatience{60};

std::string text_in(const json::Value& object, std::string_view member) {
  const auto value = object.find(member);
  if (!value) return {};
  return value->string().value_or("");
}

// Prints the changes that apply then, below a heading.
void print_changes(const json::Value& report, std::string_view applies_at, const char* heading) {
  const auto changes = report.find("changes");
  if (!changes) return;
  bool is_first = true;
  for (const json::Value& change : changes->elements()) {
    if (text_in(change, "applies_at") != applies_at) continue;
    if (std::exchange(is_first, false)) std::printf("%s\n", heading);
    std::printf("  %s: %s -> %s\n", text_in(change, "key").c_str(), text_in(change, "before").c_str(),
                text_in(change, "now").c_str());
  }
}

void print_texts(const json::Value& report, std::string_view member, const char* prefix) {
  const auto texts = report.find(member);
  if (!texts) return;
  for (const json::Value& text : texts->elements()) {
    std::fprintf(stderr, "%s%s\n", prefix, text.string().value_or("").c_str());
  }
}

}  // namespace

int run_reload(const ControlArguments& arguments) {
  // The rest of the file may have mistakes: the running process reports those.
  const auto control = control_path(arguments);
  if (!control) return fail(control.error().message);
  if (control->empty()) {
    return fail(arguments.config_file +
                ": server.control is not set; write control = \"/run/carillon/control.sock\" in [server] and "
                "restart the gateway, or send it SIGHUP");
  }
  const auto answer =
      ask_control(*control, "POST", arguments.close ? "/v1/reload?close=true" : "/v1/reload", kPatience);
  if (!answer) return fail(answer.error().message);
  const auto report = json::parse(answer->body);
  if (!report) return fail(*control + ": the answer is not JSON");
  print_texts(*report, "errors", "");
  if (answer->status != 200) return fail("nothing was changed; the gateway keeps its settings");
  std::printf("The configuration was reloaded.\n");
  print_changes(*report, "reload", "In use now:");
  print_changes(*report, "restart", "Needs a restart:");
  print_texts(*report, "warnings", "warning: ");
  return 0;
}

}  // namespace carillon::app
