#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/dev/demo_publisher.h"
#include "app/dev/page.h"
#include "app/process/file_watch.h"
#include "app/process/reloader.h"
#include "gateway/gateway.h"

namespace carillon::app {

class DevSession;

// DevRun: what `carillon dev` does while one of its gateways serves: it watches the files, publishes samples,
// has the web page show what is served, and shows the screen once the bus has answered or has not for a
// second.
//
// Thread: loop 0's. It is destroyed after the loops have stopped.
class DevRun {
 public:
  // All of it outlives the run. `profiles`: the files of profiles that are served.
  DevRun(DevSession& session, gateway::Gateway& gateway, Reloader& reloader, DevPage& page,
         std::vector<std::string> profiles);
  ~DevRun();
  DevRun(const DevRun&) = delete;
  DevRun& operator=(const DevRun&) = delete;
  // The files of profiles that a configuration names; it may have mistakes.
  void watch_profiles(const std::vector<std::string>& named);
  // Has the web page show the settings that are in use now.
  void refresh_page();

 private:
  void reload();
  void look_at_the_bus(MonoTime patient_until);

  DevSession& session_;
  gateway::Gateway& gateway_;
  Reloader& reloader_;
  DevPage& page_;
  const std::vector<std::string> profiles_;
  Samples samples_;
  DemoPublisher publisher_;
  std::unique_ptr<FileWatch> files_;  // null: they are not watched
};

}  // namespace carillon::app
