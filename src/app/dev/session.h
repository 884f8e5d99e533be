#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/dev/config.h"
#include "app/dev/screen.h"
#include "app/process/file_watch.h"
#include "app/process/serving.h"

namespace carillon::app {

class DevPage;
class DevRun;

// DevSession: `carillon dev` from its first screen to its end. It serves one gateway after the other: when a
// file has changed in something that a running gateway cannot take over, the next one begins with the same
// listening sockets, keys and tokens. One that cannot be served is followed by the version before it.
//
// Thread: the one that creates it, which is also loop 0's.
class DevSession {
 public:
  explicit DevSession(DevConfig config);

  // Returns the exit code of the process.
  int run();

  // --- for DevRun ---
  bool watches() const { return watches_; }
  // The files that are watched when the configuration names these profiles.
  std::vector<std::string> files_with(const std::vector<std::string>& profiles) const;
  // These files have changed, and a reload follows.
  void note_changed(const std::vector<std::string>& files);
  // The watched files as they were last reported, also by the run before this one.
  const FileWatch::Stamps& known_files() const { return known_files_; }
  void note_known_files(FileWatch::Stamps files) { known_files_ = std::move(files); }
  // A reload that a new start has interrupted is begun again by the next run.
  void note_reload_begun() { ++reloads_; }
  void note_reload_ended() { --reloads_; }
  bool forget_unfinished_reloads() { return std::exchange(reloads_, 0) > 0; }
  WallTime minted() const { return minted_; }  // when the tokens on the screen were issued
  bool has_samples(const config::Settings& settings) const;
  // Prints the first screen, or after a new start what has changed; and that a bus which did not answer does.
  // `bus_fault`: why it does not; empty: it does.
  void show(gateway::Gateway& gateway, const Samples& samples, const std::string& bus_fault);
  bool has_shown() const { return !address_.empty(); }

 private:
  Serving serving_of(const CheckedConfig& checked, const KeptSockets& sockets);
  std::shared_ptr<DevRun> begin(gateway::Gateway& gateway, Reloader& reloader, DevPage& page,
                                const std::vector<std::string>& profiles);
  void tell(const api::ReloadReport& report);
  void show_first(const gateway::Gateway& gateway, const Samples& samples, const std::string& bus_fault);
  void show_what_differs(const config::Settings& settings);

  const DevConfig config_;
  const bool watches_;
  const WallTime minted_;
  std::string address_;  // where the gateway listens first; empty: nothing has been shown
  DevUrls urls_;         // as they are on the screen
  std::vector<std::string> remarks_;
  bool bus_was_away_ = false;         // on the screen
  std::vector<std::string> changed_;  // files, since the last reload
  std::vector<std::string> pending_;  // what has changed, for the line after the next start
  std::uint64_t clients_closed_ = 0;  // for that line
  int reloads_ = 0;                   // that have begun and not ended
  FileWatch::Stamps known_files_;
  std::vector<std::string> watched_;  // for the screen
  std::weak_ptr<DevRun> running_;
  gateway::Gateway* gateway_ = nullptr;  // that serves
};

}  // namespace carillon::app
