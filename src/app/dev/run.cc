#include "app/dev/run.h"

#include "app/dev/page_state.h"
#include "app/dev/session.h"

namespace carillon::app {
namespace {

constexpr milliseconds kBusLook{20};
constexpr milliseconds kBusPatience{1000};
// The poll is for file systems without inotify: an author looks at the result at once.
constexpr FileWatch::Pace kPace{milliseconds(100), milliseconds(1000), FileWatch::Pace::Report::at_rest};

}  // namespace

DevRun::DevRun(DevSession& session, gateway::Gateway& gateway, Reloader& reloader, DevPage& page,
               std::vector<std::string> profiles)
    : session_(session),
      gateway_(gateway),
      reloader_(reloader),
      page_(page),
      profiles_(std::move(profiles)),
      samples_(gateway.node().endpoints().list()),
      publisher_(gateway, samples_) {
  refresh_page();
  if (session_.watches()) {
    files_ = std::make_unique<FileWatch>(
        gateway.main_loop(),
        [this](const auto& files) {
          session_.note_changed(files);
          reload();
        },
        kPace);
    files_->watch(session_.files_with(profiles_), session_.known_files());
  }
  if (session_.forget_unfinished_reloads()) reload();
  if (session_.has_samples(gateway.node().settings())) publisher_.start();
  // Later, when the bus has been started: clients that connect meanwhile should not wait for the screen.
  gateway.main_loop().post_always(
      [this] { look_at_the_bus(mono_now() + (session_.has_shown() ? milliseconds(0) : kBusPatience)); });
}

DevRun::~DevRun() {
  if (files_) session_.note_known_files(files_->reported());
}

// The profiles of the version in use stay watched while its author corrects the new one.
void DevRun::watch_profiles(const std::vector<std::string>& named) {
  if (!files_) return;
  std::vector<std::string> profiles = profiles_;
  profiles.insert(profiles.end(), named.begin(), named.end());
  files_->watch(session_.files_with(profiles));
}

void DevRun::refresh_page() {
  const gateway::Node& node = gateway_.node();
  page_.show(page_state({node.endpoints().list(), node.settings(), samples_, session_.minted(), wall_now(),
                         node.bus_url(), session_.has_samples(node.settings()), docs_folder()}));
}

void DevRun::reload() {
  session_.note_reload_begun();
  reloader_.reload("watched files", Reloader::Removed::stay,
                   [this](const auto&) { session_.note_reload_ended(); });
}

// Also when the first screen has said that the bus does not answer: its author wants to know when it does.
void DevRun::look_at_the_bus(MonoTime patient_until) {
  const bus::BusStatus status = gateway_.node().router().bus_status().get();
  const bool is_up = status.state == bus::BusState::up;
  const std::string fault = status.detail.empty() ? "no answer yet" : status.detail;
  if (is_up || mono_now() >= patient_until) {
    session_.show(gateway_, samples_, is_up ? std::string() : fault);
  }
  if (is_up) return;
  gateway_.main_loop().call_after(kBusLook, [this, patient_until] { look_at_the_bus(patient_until); });
}

}  // namespace carillon::app
