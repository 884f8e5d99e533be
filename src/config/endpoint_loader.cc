#include "config/endpoint_loader.h"

#include <algorithm>

#include "config/apply.h"
#include "config/check.h"
#include "config/options.h"
#include "config/path.h"
#include "config/text.h"
#include "config/text_checks.h"
#include "config/toml_text.h"
#include "config/value_kinds.h"
#include "config/variables.h"

namespace carillon::config {
namespace {

constexpr std::string_view kProfileSuffix = ".toml";

std::vector<std::string> profile_names() {
  std::vector<std::string> names;
  for (const auto& profile : embedded_profiles()) names.emplace_back(profile.name);
  return names;
}

// 10s where TOML has "10s": for notes, where a quote around a plain word only disturbs, and two of them
// around nothing mean nothing.
std::string bare(const std::string& toml) {
  if (toml == "\"\"") return "none";
  if (toml == "\"(secret)\"") return "(secret)";
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const bool is_word =
      toml.size() > 2 && toml.front() == '"' && std::all_of(toml.begin() + 1, toml.end() - 1, plain);
  return is_word ? toml.substr(1, toml.size() - 2) : toml;
}

}  // namespace

void EndpointLoader::shorten_key(Problem& problem) const {
  const bool is_in_a_profile =
      std::any_of(profile_files_.begin(), profile_files_.end(),
                  [&](const ProfileFile& file) { return file.path == problem.origin.source; });
  const std::size_t end = problem.key.find("].");
  if (!is_in_a_profile || !problem.key.starts_with("endpoint[") || end == std::string::npos) return;
  problem.key.erase(0, end + 2);
}

void EndpointLoader::load(const Node& root, Settings& settings) {
  const Node* endpoints = root.find("endpoint");
  if (endpoints == nullptr || (endpoints->kind == Node::Kind::array && endpoints->items.empty())) {
    reading_.report.error(at(0), "endpoint",
                          "there is none; write [[endpoint]], and below it profile = \"orion\"");
    return;
  }
  if (endpoints->kind != Node::Kind::array) {
    reading_.report.error(
        at(endpoints->line), "endpoint",
        cat({"expected an array of tables, got ", shape_of(*endpoints), "; write [[endpoint]]"}));
    return;
  }
  if (endpoints->items.size() > kEndpointsMax) {
    reading_.report.error(at(endpoints->line), "endpoint",
                          cat({"has ", std::to_string(endpoints->items.size()), " tables; write at most ",
                               std::to_string(kEndpointsMax)}));
    return;
  }
  for (std::size_t i = 0; i < endpoints->items.size(); ++i) {
    load_endpoint(endpoints->items[i], cat({"endpoint[", std::to_string(i), "]"}), settings);
  }
  check_endpoints_differ(settings.endpoints, reading_.report);
  const auto& all = settings.endpoints;
  const auto has_events = [](const EndpointSettings& e) { return !e.frames.event.empty(); };
  const auto has_history = [](const EndpointSettings& e) { return !e.history.empty(); };
  if (std::any_of(all.begin(), all.end(), has_events) && std::none_of(all.begin(), all.end(), has_history)) {
    reading_.report.note(
        "no endpoint has a history, so clients do not receive what was published while they were away");
  }
}

void EndpointLoader::load_endpoint(const Node& table, const std::string& prefix, Settings& settings) {
  if (table.kind != Node::Kind::table) {
    reading_.report.error(
        at(table.line), prefix,
        cat({"expected a table, got ", shape_of(table), "; write [[endpoint]], and below it its keys"}));
    return;
  }
  EndpointSettings endpoint;
  endpoint.origin = at(table.line);
  const std::vector<Option> options = endpoint_options(endpoint);
  const auto profile = find_profile(table, prefix);
  if (profile) apply_profile(*profile, options, prefix, endpoint.origins_by_key);
  std::vector<std::string> before;
  before.reserve(options.size());
  for (const auto& option : options) before.push_back(option.show());
  const Written of_profile = endpoint.origins_by_key;
  apply(table, options, {source_, prefix + "."}, reading_, endpoint.origins_by_key);
  if (profile) endpoint.profile = profile->name;
  if (endpoint.name.empty() && !is_written(endpoint.origins_by_key, "name")) endpoint.name = endpoint.profile;
  apply_variables_of(endpoint, options);
  if (profile) {
    note_overrides(endpoint, options, before, of_profile);
    check_endpoint(endpoint, settings, prefix, reading_.report);
    check_idle(endpoint, prefix, reading_.report);
  }
  for (RouteSettings& route : endpoint.routes) {
    if (route.key.empty()) route.key = endpoint.route_key;
    if (route.origins.empty()) route.origins = endpoint.route_origins;
  }
  settings.endpoints.push_back(std::move(endpoint));
}

// All but the profile and the name, by which the variables are called.
void EndpointLoader::apply_variables_of(EndpointSettings& endpoint, std::vector<Option> options) {
  std::erase_if(options, [](const Option& each) { return each.key == "profile" || each.key == "name"; });
  apply_variables(options, cat({"endpoint.", endpoint.name, "."}), reading_, endpoint.origins_by_key);
}

std::optional<Profile> EndpointLoader::find_profile(const Node& table, const std::string& prefix) {
  const Node* name = table.find("profile");
  const std::vector<std::string> names = profile_names();
  if (name == nullptr) {
    reading_.report.error(
        at(table.line), prefix + ".profile",
        cat({"is missing; write profile = ", alternatives(names), ", or the path of a .toml file"}));
    return std::nullopt;
  }
  if (name->kind != Node::Kind::string || check_profile(name->text))
    return std::nullopt;  // reported when it is read
  for (const auto& profile : embedded_profiles()) {
    if (profile.name == name->text) return profile;
  }
  if (name->text.ends_with(kProfileSuffix)) return read_profile(*name, prefix);
  const auto near = nearest(name->text, names);
  const std::string hint = near ? cat({"did you mean \"", *near, "\"?"}) : "write " + alternatives(names);
  reading_.report.error(at(name->line), prefix + ".profile",
                        cat({"there is no profile ", quoted(name->text), "; ", hint}));
  return std::nullopt;
}

// A profile of the user's own; it is called after its file.
std::optional<Profile> EndpointLoader::read_profile(const Node& written, const std::string& prefix) {
  std::string path = path_beside(source_, written.text);
  auto text = reading_.environment.read_file(path);
  if (!text) {
    reading_.report.error(at(written.line), prefix + ".profile",
                          cat({"cannot read ", quoted(path), ": ", text.error().message,
                               "; write the path of a file, or the name of a built-in profile"}));
    return std::nullopt;
  }
  profile_files_.push_back({std::move(path), std::move(*text)});
  std::string_view name = profile_files_.back().path;
  name.remove_prefix(name.rfind('/') + 1);
  name.remove_suffix(kProfileSuffix.size());
  if (const auto complaint = check_name(name)) {
    reading_.report.error(at(written.line), prefix + ".profile", *complaint);
    return std::nullopt;
  }
  return Profile{name, profile_files_.back().text, profile_files_.back().path};
}

void EndpointLoader::apply_profile(const Profile& profile, const std::vector<Option>& options,
                                   const std::string& prefix, Written& written) {
  const std::string source =
      profile.file.empty() ? cat({"profile ", profile.name}) : std::string(profile.file);
  auto root = read_toml(profile.text);
  if (!root) {
    reading_.report.error({source, root.error().line}, "", root.error().message);
    return;
  }
  // All but "profile", which stands first: a profile has no profile.
  const std::vector<Option> own(options.begin() + 1, options.end());
  apply(*root, own, {source, prefix + "."}, reading_, written);
}

void EndpointLoader::note_overrides(const EndpointSettings& endpoint, const std::vector<Option>& options,
                                    const std::vector<std::string>& before, const Written& of_profile) {
  for (std::size_t i = 1; i < options.size(); ++i) {
    const std::string key(options[i].key);
    const std::string now = options[i].show();
    const bool by_file =
        endpoint.origin_of(key).source == source_ && is_written(endpoint.origins_by_key, key);
    if (!by_file || now == before[i]) continue;
    const bool by_profile = is_written(of_profile, key);
    const std::string was = key == "name" ? endpoint.profile : bare(before[i]);
    reading_.report.note(cat({"endpoint ", printable(endpoint.name), ": ", key, " = ", bare(now), " (",
                              by_profile || key == "name" ? "profile: " : "default: ", was, ")"}));
  }
}

}  // namespace carillon::config
