// AdminServer: answers the requests of operators over HTTP: on the control socket, a Unix socket that only
// the process's user may open, and where configured on addresses of its own, with a key.
//
// It has a thread and a loop of its own, so that it answers while the shards are busy, and its descriptors
// are part of the reserve (reactor/descriptor_budget.h). Each connection is for one request. Limits:
// kConnectionsMax connections, further ones wait in the kernel; heads of 16 KiB, bodies of 64 KiB,
// kRequestTime for a request, kAnswerTime for its answer.
//
// Thread: created and destroyed by one thread; `handle` is called on the server's thread, and responders may
// be called on any.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"
#include "config/settings.h"
#include "http/response.h"
#include "reactor/listener.h"
#include "reactor/unix_listener.h"

namespace carillon::api {

// Counters of the admin side. Thread: any.
struct AdminCounters {
  std::atomic<std::uint64_t> requests{0};    // that were handled, whatever the answer
  std::atomic<std::uint64_t> wrong_keys{0};  // requests without one of admin.keys: 401 or 429
  std::atomic<std::uint64_t> malformed{0};   // what was not a request, or was too long
  std::atomic<std::uint64_t> timeouts{
      0};  // connections whose request, or whose answer, was not there in time
};

class AdminServer {
 public:
  static constexpr std::size_t kConnectionsMax = 8;
  static constexpr seconds kRequestTime{5};
  static constexpr seconds kAnswerTime{60};  // a reload may wait for a slow shard

  struct Request {
    std::string method;
    std::string path;   // as it was sent
    std::string query;  // likewise, without the '?'
    std::string body;
    bool is_local = false;  // it came over the control socket
  };
  // A response, and descriptors that the other process gets with it: only over the control socket.
  struct Answer {
    Answer(http::Response made) : response(std::move(made)) {}  // NOLINT(google-explicit-constructor)
    http::Response response;
    std::shared_ptr<const std::vector<reactor::FileDescriptor>> descriptors = nullptr;
  };
  using Respond = std::function<void(Answer)>;
  using Handle = std::function<void(const Request&, Respond)>;

  // Binds the sockets and starts the thread. `control`: path of the control socket; empty: none. It replaces
  // one that no process listens on any more; one that is in use is an error.
  // `existing`: whether another process may be using the addresses, because this one replaces it.
  // Refusals are counted and, sampled, logged. `counters` and `log` outlive the server.
  static Result<std::unique_ptr<AdminServer>> start(
      const std::string& control, const config::AdminSettings& settings, AdminCounters& counters, Log& log,
      Handle handle, reactor::UnixListener::Existing existing = reactor::UnixListener::Existing::refuse);
  // Ends the thread and removes the control socket, unless another process has replaced it.
  virtual ~AdminServer() = default;

  // Uses other keys from the next request on. Any thread.
  virtual void set_keys(std::vector<Secret> keys) = 0;
  // Accepts nothing more: another process serves the same addresses now. Any thread.
  virtual void stop_listening() = 0;
};

}  // namespace carillon::api
