#include "app/dev/session.h"

#include <algorithm>
#include <cstdio>

#include "app/config_path.h"
#include "app/dev/page.h"
#include "app/dev/run.h"

namespace carillon::app {
namespace {

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

int complain(const std::string& message) {
  std::fprintf(stderr, "carillon: %s\n", message.c_str());
  return 1;
}

bool needs_restart(const std::vector<config::Change>& changes) {
  return std::any_of(changes.begin(), changes.end(), [](const config::Change& change) {
    return change.applies == config::Applies::at_restart;
  });
}

void add_missing(std::vector<std::string>& to, const std::vector<std::string>& from) {
  for (const std::string& each : from) {
    if (std::find(to.begin(), to.end(), each) == to.end()) to.push_back(each);
  }
}

// Whether a client receives the endpoint's events without a command.
bool is_for_everyone(const config::EndpointSettings& endpoint) {
  return endpoint.select.by != config::SelectBy::commands || !endpoint.source.broadcast.empty();
}

// The event to paste, and the endpoint that receives it: the first one, because those of the user's own
// protocols come first; where all are built in, the one that the first of the built-in events is for.
void choose_example(DevScreen& screen, const config::Settings& settings, const Samples& samples,
                    bool has_own_protocols) {
  for (const config::EndpointSettings& endpoint : settings.endpoints) {
    auto example = samples.example_of(endpoint.name, wall_now());
    if (!example) continue;
    const bool is_best = has_own_protocols ? is_for_everyone(endpoint) : Samples::is_opening(*example);
    if (screen.example && !is_best) continue;
    screen.example = std::move(example);
    screen.example_endpoint = endpoint.name;
    if (is_best) return;
  }
}

// As this program was called, so that the line works in the same folder.
// --endpoint is looked up in a configuration that is there, and otherwise among the built-in protocols.
std::string listen_command(const DevScreen& screen, bool has_own_protocols) {
  const std::string program = ::program_invocation_name;
  if (has_own_protocols || !default_config_path().empty()) {
    const std::string url = screen.urls.without_token(screen.urls.of(screen.example_endpoint));
    return program + " listen '" + url + "'" +
           (url.ends_with("TOKEN") ? "   (with the token in place of TOKEN)" : "");
  }
  const bool is_default = screen.address.ends_with(":8000");
  return program + " listen --endpoint " + screen.example_endpoint +
         (is_default ? "" : " " + std::string(screen.urls.base()).replace(0, 4, "ws"));
}

}  // namespace

DevSession::DevSession(DevConfig config)
    : config_(std::move(config)),
      watches_(config_.arguments().watch.value_or(true) && !config_.files().empty()),
      minted_(wall_now()) {}

int DevSession::run() {
  known_files_ = FileWatch::stamps_of(config_.files());
  CheckedConfig config = config_.read();
  for (const std::string& error : config.errors) std::fprintf(stderr, "%s\n", error.c_str());
  if (!config.errors.empty()) return 2;
  std::optional<CheckedConfig> before;  // the version to return to
  KeptSockets sockets;
  for (;;) {
    Served served = serve_once(config, serving_of(config, sockets));
    if (!served.failure.empty()) {
      if (!before) return complain(config_.failure_text(served.failure));
      for (const std::string& each : std::exchange(pending_, {})) print(each + "\n");
      print("This version cannot be served, and the one before serves again:\n  " +
            config_.failure_text(served.failure) + "\n");
      config = *std::exchange(before, std::nullopt);
      continue;
    }
    if (!served.next) return 0;
    before = std::exchange(config, std::move(served.next->config));
    before->loaded.settings = std::move(served.next->running);
    sockets = std::move(served.next->sockets);
    clients_closed_ = served.next->clients_closed;
  }
}

Serving DevSession::serving_of(const CheckedConfig& checked, const KeptSockets& sockets) {
  Serving serving;
  serving.inheritance = sockets.for_addresses(checked.loaded.settings.server.listen);
  serving.read = {[this] { return config_.read(); }, [this](const std::string&) { return config_.read(); }};
  serving.restarts = Serving::Restarts::by_itself;
  serving.hangup = SignalPolicy::Hangup::drains;  // when its terminal is closed
  serving.hooks.tell = [this](const api::ReloadReport& report) { tell(report); };
  serving.hooks.note_profiles = [this](const std::vector<std::string>& profiles) {
    if (const auto run = running_.lock()) run->watch_profiles(profiles);
  };
  const auto page = std::make_shared<DevPage>(random_nonce());
  serving.wrap_api = [page](client::HttpHandler& api) -> client::HttpHandler& {
    page->put_before(api);
    return *page;
  };
  serving.on_ready = [this, page, profiles = checked.profiles](gateway::Gateway& gateway,
                                                               Reloader* reloader) {
    return begin(gateway, *reloader, *page, profiles);
  };
  return serving;
}

std::shared_ptr<DevRun> DevSession::begin(gateway::Gateway& gateway, Reloader& reloader, DevPage& page,
                                          const std::vector<std::string>& profiles) {
  gateway_ = &gateway;
  if (watches_) watched_ = files_with(profiles);
  auto run = std::make_shared<DevRun>(*this, gateway, reloader, page, profiles);
  running_ = run;
  return run;
}

std::vector<std::string> DevSession::files_with(const std::vector<std::string>& profiles) const {
  std::vector<std::string> files = config_.files();
  add_missing(files, profiles);
  return files;
}

void DevSession::note_changed(const std::vector<std::string>& files) { add_missing(changed_, files); }

bool DevSession::has_samples(const config::Settings& settings) const {
  return config_.arguments().samples.value_or(settings.bus.url == "memory:");
}

void DevSession::show(gateway::Gateway& gateway, const Samples& samples, const std::string& bus_fault) {
  if (!has_shown()) return show_first(gateway, samples, bus_fault);
  for (const std::string& each : std::exchange(pending_, {}))
    print(each + restart_text(clients_closed_) + "\n");
  show_what_differs(gateway.node().settings());
  if (bus_was_away_ && bus_fault.empty()) print("The bus answers now.\n");
  bus_was_away_ &= !bus_fault.empty();
}

void DevSession::show_first(const gateway::Gateway& gateway, const Samples& samples,
                            const std::string& bus_fault) {
  const config::Settings& settings = gateway.node().settings();
  address_ = gateway.listening_on().front().text();
  urls_ = DevUrls(settings, address_, minted_);
  remarks_ = config_.remarks(settings);
  bus_was_away_ = !bus_fault.empty();
  DevScreen screen{urls_, address_, std::string(gateway.node().bus_url()), bus_fault, remarks_, {}, {}, {},
                   {},    {}};
  if (!config_.keys().warning.empty()) screen.remarks.push_back(config_.keys().warning);
  screen.watched = watched_;
  if (!settings.api.keys.empty()) screen.api_key = settings.api.keys.front().reveal();
  screen.has_samples = has_samples(settings);
  choose_example(screen, settings, samples, !config_.files().empty());
  screen.listen_command = listen_command(screen, !config_.files().empty());
  print(text_of(screen));
}

// After a change: URLs that are new, and sentences that are.
void DevSession::show_what_differs(const config::Settings& settings) {
  const DevUrls urls(settings, address_, minted_);
  print(urls.lines_since(urls_));
  urls_ = urls;
  const std::vector<std::string> before = std::exchange(remarks_, config_.remarks(settings));
  for (const std::string& remark : remarks_) {
    if (std::find(before.begin(), before.end(), remark) == before.end()) print(remark + "\n");
  }
}

// A reload without a change prints nothing, such as one that was begun again after a new start.
void DevSession::tell(const api::ReloadReport& report) {
  if (const auto run = running_.lock()) run->refresh_page();
  std::vector<std::string> files = std::exchange(changed_, {});
  if (!report.errors.empty()) return print(mistakes_text(files, report.errors));
  if (files.empty() && report.changes.empty()) return;
  if (files.empty()) files = config_.files();
  const std::string text = change_text(files, report.changes);
  if (needs_restart(report.changes)) {
    pending_.push_back(text);
  } else if (report.changes.empty()) {
    print(text + "\n");
  } else {
    print(text + "; in use now, no client closed\n");
    if (has_shown()) show_what_differs(gateway_->node().settings());
  }
}

}  // namespace carillon::app
