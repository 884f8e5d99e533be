#include "app/process/reloader.h"

#include <pthread.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/time.h"
#include "client/tls_contexts.h"
#include "config/changes.h"

namespace carillon::app {
namespace {

constexpr std::size_t kChangesLogged = 20;
constexpr std::string_view kChangedFiles = "changed files";

std::string texts_of(const std::vector<config::Change>& changes, config::Applies applies) {
  std::string text;
  std::size_t count = 0;
  for (const config::Change& change : changes) {
    if (change.applies != applies || ++count > kChangesLogged) continue;
    text += (text.empty() ? "" : ", ") + change.key + ": " + change.before + " -> " + change.now;
  }
  if (count > kChangesLogged) text += " and " + std::to_string(count - kChangesLogged) + " more";
  return text;
}

}  // namespace

// What the reloader's thread has made of the file.
struct Reloader::Prepared {
  api::ReloadReport report;
  CheckedConfig checked;
  config::Settings settings;  // those that a running process can use
  client::TlsContexts contexts;

  bool needs_restart() const {
    return std::any_of(report.changes.begin(), report.changes.end(), [](const config::Change& change) {
      return change.applies == config::Applies::at_restart;
    });
  }
};

Reloader::Reloader(Parts parts, std::string text, std::vector<std::string> files)
    : parts_(std::move(parts)),
      text_(std::move(text)),
      files_(parts_.gateway.main_loop(), [this](const auto&) { reload(kChangedFiles, Removed::stay, {}); }) {
  watch(std::move(files));
}

Reloader::~Reloader() {
  if (thread_.joinable()) thread_.join();
}

void Reloader::request(std::string_view cause, Removed removed, Done done) {
  parts_.gateway.main_loop().post_always(
      [this, cause, removed, done = std::move(done)]() mutable { reload(cause, removed, std::move(done)); });
}

void Reloader::reload(std::string_view cause, Removed removed, Done done) {
  // Signals that are sent in a loop wait as one.
  const bool waits_already = !done && std::any_of(waiting_.begin(), waiting_.end(), [&](const Waiting& each) {
    return !each.done && each.cause == cause && each.removed == removed;
  });
  if (!waits_already) waiting_.push_back({cause, removed, std::move(done)});
  if (served_.empty()) start();
}

void Reloader::start() {
  served_ = std::exchange(waiting_, {});
  parts_.manager.report_reloading(parts_.gateway.main_loop().now());
  if (thread_.joinable()) thread_.join();
  // A change of a certificate must not bring in a configuration that its author is still writing.
  const bool by_request = std::any_of(served_.begin(), served_.end(),
                                      [](const Waiting& each) { return each.cause != kChangedFiles; });
  thread_ = std::thread([this, by_request, text = text_, running = parts_.gateway.node().settings()] {
    ::pthread_setname_np(::pthread_self(), "reload");
    const auto prepared = std::make_shared<Prepared>(prepare(
        by_request ? parts_.read.anew() : parts_.read.as_was(text), running, parts_.gateway.ticket_keys()));
    parts_.gateway.main_loop().post_always([this, prepared] { apply(*prepared); });
  });
}

// Any thread.
Reloader::Prepared Reloader::prepare(CheckedConfig checked, const config::Settings& running,
                                     const std::shared_ptr<const reactor::TicketKeys>& tickets) {
  Prepared prepared;
  prepared.checked = std::move(checked);
  const config::Loaded& loaded = prepared.checked.loaded;
  prepared.report.errors = prepared.checked.errors;
  for (const config::Problem& warning : loaded.warnings) prepared.report.warnings.push_back(warning.text());
  if (!prepared.report.errors.empty()) return prepared;
  prepared.report.changes = config::changes_between(running, loaded.settings);
  prepared.settings = config::applicable(running, loaded.settings);
  prepared.report.errors = problems_of(prepared.settings);
  prepared.contexts = client::make_tls_contexts(prepared.settings.server.listen, wall_now(), tickets);
  return prepared;
}

// Everything has been compiled before, so that only a lack of memory can make one of the two fail.
void Reloader::apply(Prepared& prepared) {
  if (parts_.hooks.note_profiles) parts_.hooks.note_profiles(prepared.checked.profiles);
  if (parts_.hooks.start_anew && prepared.checked.errors.empty() && prepared.needs_restart()) {
    prepared.report.errors.clear();  // of a mixture with the running settings, which is not used
    parts_.hooks.start_anew(std::move(prepared.checked));
    return end(prepared.report);
  }
  if (!prepared.report.errors.empty()) return end(prepared.report);
  const config::Settings running = parts_.gateway.node().settings();
  const config::Settings settings = std::move(prepared.settings);
  const bool closes = std::any_of(served_.begin(), served_.end(),
                                  [](const Waiting& each) { return each.removed == Removed::are_closed; });
  auto in_use = parts_.api.use(settings);
  if (in_use) {
    in_use = parts_.gateway.node().replace_settings(settings, std::move(prepared.contexts.by_listen),
                                                    closes ? Removed::are_closed : Removed::stay,
                                                    [this, report = prepared.report] { end(report); });
  }
  if (!in_use) {
    std::ignore = parts_.api.use(running);
    prepared.report.errors.push_back(in_use.error().message);
    return end(prepared.report);
  }
  text_ = std::move(prepared.checked.text);
  watch(std::move(prepared.checked.files));
  parts_.log.set_level(settings.log.level);
  if (parts_.use) parts_.use(settings);
}

void Reloader::end(const api::ReloadReport& report) {
  if (report.errors.empty()) {
    parts_.api.reloads().note_success(wall_now());
  } else {
    parts_.api.reloads().note_failure(wall_now(), report.errors.front());
  }
  if (parts_.hooks.tell) {
    parts_.hooks.tell(report);
  } else {
    write_to_log(report);
  }
  parts_.manager.report_reloaded();
  for (const Waiting& each : std::exchange(served_, {})) {
    if (each.done) each.done(report);
  }
  if (!waiting_.empty()) start();
}

void Reloader::watch(std::vector<std::string> files) {
  const std::size_t left_out = files_.watch(std::move(files));
  if (left_out == 0) return;
  parts_.log.warning("some files are not watched; reload after a change of them",
                     {{"files", static_cast<std::int64_t>(left_out)},
                      {"watched", static_cast<std::int64_t>(FileWatch::kFilesMax)}});
}

void Reloader::write_to_log(const api::ReloadReport& report) {
  const std::string_view cause = served_.empty() ? std::string_view() : served_.front().cause;
  if (!report.errors.empty()) {
    parts_.log.error("the configuration was not reloaded; the settings stay as they are",
                     {{"cause", cause},
                      {"error", std::string_view(report.errors.front())},
                      {"errors", static_cast<std::int64_t>(report.errors.size())}});
    return;
  }
  const std::string changed = texts_of(report.changes, config::Applies::at_reload);
  const std::string waiting = texts_of(report.changes, config::Applies::at_restart);
  parts_.log.info("the configuration was reloaded",
                  {{"cause", cause}, {"changed", std::string_view(changed)}});
  if (!waiting.empty()) {
    parts_.log.warning("changes of the configuration need a restart",
                       {{"changes", std::string_view(waiting)}});
  }
  for (const std::string& warning : report.warnings) {
    parts_.log.warning("configuration", {{"detail", std::string_view(warning)}});
  }
}

}  // namespace carillon::app
