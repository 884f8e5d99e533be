// Takeover: the steps by which this process takes over from one that is running, without a client that is
// refused or an event that is lost.
//
//   1. ask_for_handover(): the other process sends copies of its listening sockets and its TLS ticket keys.
//   2. This process starts with them, and connects to its bus. It accepts nothing yet.
//   3. When the bus is up, the other process sends its history and the numbers of its events, if it has any.
//   When
//      that fails, clients cannot resume here what they received there, and are told so.
//   4. This process accepts from the sockets, as the other process still does.
//   5. It asks the other process to finish, which closes its sockets and drains. From then on this process
//      closes the sockets that it has no shard for.
//   6. When that process has ended, the sockets of addresses that are no longer configured are closed.
//
// Until step 5 a failure here changes nothing for the other process.
//
// Thread: loop 0's, except ask_for_handover(), which blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "app/command/control_client.h"
#include "app/process/handover.h"
#include "base/log.h"
#include "gateway/gateway.h"

namespace carillon::app {

// Step 1. `control`: the path of the other process's control socket.
Result<Handover> ask_for_handover(const std::string& control);

class Takeover final : private reactor::IoHandler {
 public:
  static constexpr seconds kBusPatience{30};

  // `done` is called once: after step 5, or with what went wrong before.
  Takeover(gateway::Gateway& gateway, Log& log, std::string control, std::int64_t pid,
           std::function<void(Result<std::monostate>)> done);
  ~Takeover();
  Takeover(const Takeover&) = delete;
  Takeover& operator=(const Takeover&) = delete;

  // Begins with step 3.
  void start();

 private:
  void look_at_the_bus();
  void ask_for_history();
  void wait_for_marker(std::shared_ptr<const ControlAnswer> answer, MonoTime until);
  Result<std::uint64_t> adopt_history(const ControlAnswer& answer);
  void begin_listening(const Result<std::uint64_t>& events);
  void finish();
  void watch_the_end();
  void on_io(std::uint32_t events, std::uint32_t index, std::uint32_t generation) override;

  gateway::Gateway& gateway_;
  Log& log_;
  const std::string control_;
  const std::int64_t pid_;
  const std::function<void(Result<std::monostate>)> done_;
  MonoTime give_up_at_{};
  reactor::Loop::HandlerId handler_;
  reactor::FileDescriptor process_;  // a pidfd: readable when the other process has ended
  std::thread thread_;               // of the requests in steps 3 and 5
};

}  // namespace carillon::app
