// Reloader: reads the configuration of a running gateway again and has every part use what has changed. A
// file with a mistake changes nothing.
//
// Reloads are done one after another; requests that come during one share the next. The file is read and
// compiled on a thread of its own, because that blocks for some milliseconds; the result is applied on loop
// 0, or the process starts anew with it (`carillon dev`).
//
// Thread: loop 0's, except request(), which any thread may call.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "api/admin.h"
#include "app/config_file.h"
#include "app/process/file_watch.h"
#include "app/process/log_writer.h"
#include "app/process/service_manager.h"
#include "gateway/gateway.h"

namespace carillon::app {

// What a command adds to reloads. Each is called on loop 0's thread, and may be absent.
struct ReloadHooks {
  // Is given a configuration of which something needs a restart, instead of the reloader applying the rest.
  std::function<void(CheckedConfig)> start_anew = {};
  // Gets the result, which is then not logged.
  std::function<void(const api::ReloadReport&)> tell = {};
  // Gets the files of the profiles that a configuration names, whether or not it can be used.
  std::function<void(const std::vector<std::string>&)> note_profiles = {};
};

class Reloader {
 public:
  using Done = std::function<void(const api::ReloadReport&)>;

  // What it works with. All of it outlives the Reloader; `admin` may be set later, or stay null.
  struct Parts {
    gateway::Gateway& gateway;
    api::Api& api;
    LogWriter& log;
    ServiceManager& manager;
    ConfigReader read;
    // All of these are called on loop 0's thread, and may be absent. `use`: for other users of the settings.
    std::function<void(const config::Settings&)> use = {};
    ReloadHooks hooks = {};
  };
  // `text`, `files`: of the configuration that is in use (CheckedConfig). When one of the files changes, the
  // same text is loaded again with its new content.
  Reloader(Parts parts, std::string text, std::vector<std::string> files);
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // Reloads; `done` is called on loop 0 with the result. `cause`: a literal for the log, such as "SIGHUP".
  // `removed`: what happens to clients whose key is gone; of several reloads that are done together, one
  // decides.
  using Removed = gateway::Node::Removed;
  void reload(std::string_view cause, Removed removed, Done done);
  // The same from any thread.
  void request(std::string_view cause, Removed removed, Done done);

 private:
  struct Prepared;
  struct Waiting {
    std::string_view cause;
    Removed removed;
    Done done;
  };

  void start();
  static Prepared prepare(CheckedConfig checked, const config::Settings& running,
                          const std::shared_ptr<const reactor::TicketKeys>& tickets);
  void apply(Prepared& prepared);
  void end(const api::ReloadReport& report);
  void write_to_log(const api::ReloadReport& report);
  void watch(std::vector<std::string> files);

  const Parts parts_;
  std::string text_;  // of the configuration in use
  FileWatch files_;
  std::vector<Waiting> waiting_;  // for the next reload
  std::vector<Waiting> served_;   // by the reload that runs; empty: none runs
  std::thread thread_;
};

}  // namespace carillon::app
