// `carillon doctor`: checks whether this machine can hold N connections and whether the configured key sets
// can be fetched, and prints what to change.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "app/command/diagnosis.h"
#include "app/command/key_set_findings.h"
#include "app/command/verbs.h"
#include "app/config_file.h"
#include "app/terminal.h"

namespace carillon::app {
namespace {

constexpr std::int64_t kDefaultConnections = 10'000;

// Seven columns wide.
std::string word_for(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return coloured(stdout, Colour::green, "ok     ");
    case Verdict::must_change:
      return coloured(stdout, Colour::red, "CHANGE ");
    case Verdict::hint:
      return "note   ";
    case Verdict::unknown:
      return "unknown";
  }
  return "";
}

void print(const Finding& finding) {
  const std::string value = finding.verdict == Verdict::unknown ? "cannot be read" : finding.value;
  std::printf("%s %-30s %-24s %s\n", word_for(finding.verdict).c_str(), finding.setting.c_str(),
              value.c_str(), finding.why.c_str());
  if (!finding.wanted.empty()) std::printf("        should be: %s\n", finding.wanted.c_str());
  if (!finding.remedy.empty()) std::printf("        do:        %s\n", finding.remedy.c_str());
}

void print_end(const std::vector<Finding>& findings) {
  if (!anything_must_change(findings)) {
    std::printf("\nNothing must change.\n");
    return;
  }
  std::printf(
      "\nThe commands need root and last until the next boot; to keep them, write the sysctl settings into\n"
      "/etc/sysctl.d/60-carillon.conf (name = value).\n");
}

}  // namespace

int run_doctor(const DoctorArguments& arguments) {
  Demand demand{kDefaultConnections};
  auth::KeyStore key_sets;
  if (!arguments.config_file.empty()) {
    const auto config = load_config_file(arguments.config_file);
    if (!config) return 2;
    const config::ServerSettings& server = config->loaded.settings.server;
    demand = {server.connections_max, server.descriptor_tables()};
    key_sets.configure(config->loaded.settings.keys);
  }
  demand.connections = arguments.connections.value_or(demand.connections);
  std::printf("Requirements of %s connections on this machine:\n\n", grouped(demand.connections).c_str());
  std::vector<Finding> findings = diagnose(read_machine_settings(""), demand);
  for (Finding& finding : fetch_key_sets(key_sets)) findings.push_back(std::move(finding));
  for (const Finding& finding : findings) print(finding);
  print_end(findings);
  return anything_must_change(findings) ? 1 : 0;
}

}  // namespace carillon::app
