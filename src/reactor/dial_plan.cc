#include "reactor/dial_plan.h"

#include <atomic>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "reactor/raw_address.h"

namespace carillon::reactor {
namespace {

std::atomic<int> dial_threads{0};

// One of the kDialThreadsMax places, for as long as it lives.
class ThreadPlace {
 public:
  ThreadPlace() : taken_(dial_threads.fetch_add(1, std::memory_order_relaxed) < kDialThreadsMax) {}
  ThreadPlace(const ThreadPlace&) = delete;
  ThreadPlace& operator=(const ThreadPlace&) = delete;
  ~ThreadPlace() { dial_threads.fetch_sub(1, std::memory_order_relaxed); }
  bool taken() const { return taken_; }

 private:
  const bool taken_;
};

Result<std::vector<SocketAddress>> addresses_of(const DialRequest& request) {
  const SocketAddress as_written{request.host, request.port};
  if (RawAddress::from(as_written)) return std::vector{as_written};
  auto hosts = request.resolve(request.host);
  if (!hosts) return tl::unexpected(hosts.error());
  std::vector<SocketAddress> addresses;
  for (std::string& numeric : *hosts) {
    if (addresses.size() == kAddressesMax) break;
    SocketAddress address{std::move(numeric), request.port};
    if (RawAddress::from(address)) addresses.push_back(std::move(address));
  }
  if (addresses.empty()) return failure("cannot resolve " + request.host + ": it has no address");
  return addresses;
}

Result<DialPlan> plan(const DialRequest& request) {
  DialPlan plan;
  auto addresses = addresses_of(request);
  if (!addresses) return tl::unexpected(addresses.error());
  plan.addresses = std::move(*addresses);
  if (request.security == DialRequest::Security::tls) {
    auto context = TlsContext::for_clients(request.ca_file);
    if (!context) return tl::unexpected(context.error());
    plan.tls = std::move(*context);
  }
  return plan;
}

}  // namespace

Result<std::shared_ptr<DialPlanInbox>> make_dial_plan(const DialRequest& request) {
  auto place = std::make_shared<ThreadPlace>();
  if (!place->taken()) {
    return failure("cannot connect to " + request.host + ": " + std::to_string(kDialThreadsMax) +
                   " look-ups are waiting for the name server already");
  }
  auto wake = WakeFd::create();
  if (!wake) return tl::unexpected(wake.error());
  auto inbox = std::make_shared<DialPlanInbox>(1, std::move(*wake));
  try {
    std::thread([place, inbox, request] { inbox->push_always(plan(request)); }).detach();
  } catch (const std::system_error& error) {
    return failure("cannot connect to " + request.host + ": cannot start a thread: " + error.what());
  }
  return inbox;
}

}  // namespace carillon::reactor
