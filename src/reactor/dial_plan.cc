#include "reactor/dial_plan.h"

#include <netdb.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
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

Result<DialPlan> plan(const std::string& host, std::uint16_t port, const ResolveFunction& resolve) {
  DialPlan plan;
  if (RawAddress::from({host, port})) {
    plan.addresses.push_back({host, port});
    return plan;
  }
  auto hosts = resolve(host);
  if (!hosts) return tl::unexpected(hosts.error());
  for (std::string& numeric : *hosts) {
    if (plan.addresses.size() == kAddressesMax) break;
    SocketAddress address{std::move(numeric), port};
    if (RawAddress::from(address)) plan.addresses.push_back(std::move(address));
  }
  if (plan.addresses.empty()) return failure("cannot resolve " + host + ": it has no address");
  return plan;
}

}  // namespace

Result<std::vector<std::string>> resolve_by_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    const std::string why =
        error == EAI_SYSTEM ? std::generic_category().message(errno) : std::string(::gai_strerror(error));
    return failure("cannot resolve " + host + ": " + why);
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, &::freeaddrinfo);
  std::vector<std::string> hosts;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0) {
      hosts.emplace_back(text);
    }
  }
  return hosts;
}

Result<std::shared_ptr<DialPlanInbox>> make_dial_plan(std::string host, std::uint16_t port,
                                                      ResolveFunction resolve) {
  auto place = std::make_shared<ThreadPlace>();
  if (!place->taken()) {
    return failure("cannot resolve " + host + ": " + std::to_string(kDialThreadsMax) +
                   " look-ups are waiting for the name server already");
  }
  auto wake = WakeFd::create();
  if (!wake) return tl::unexpected(wake.error());
  auto inbox = std::make_shared<DialPlanInbox>(1, std::move(*wake));
  try {
    std::thread([place, inbox, host, port, resolve = std::move(resolve)] {
      inbox->try_push(plan(host, port, resolve));
    }).detach();
  } catch (const std::system_error& error) {
    return failure("cannot resolve " + host + ": cannot start a thread: " + error.what());
  }
  return inbox;
}

}  // namespace carillon::reactor
