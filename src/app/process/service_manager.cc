#include "app/process/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <charconv>
#include <cstddef>
#include <cstring>

#include "reactor/listener.h"

namespace carillon::app {
namespace {

std::optional<std::int64_t> number_in(const std::optional<std::string>& text) {
  std::int64_t number = 0;
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size() || number <= 0) return std::nullopt;
  return number;
}

}  // namespace

ServiceManager::ServiceManager(const Variable& variable, std::int64_t own_pid) : own_pid_(own_pid) {
  socket_ = variable("NOTIFY_SOCKET").value_or("");
  // A path, or '@' and a name in the abstract namespace; anything else is not for us.
  if (!socket_.starts_with('/') && !socket_.starts_with('@')) socket_.clear();
  const auto usec = number_in(variable("WATCHDOG_USEC"));
  const auto pid = number_in(variable("WATCHDOG_PID"));
  if (usec && (!pid || *pid == own_pid) && is_there()) watchdog_ = std::chrono::microseconds(*usec);
}

void ServiceManager::report_ready() {
  is_ready_ = true;
  send("READY=1\nMAINPID=" + std::to_string(own_pid_) + "\nSTATUS=Serving\n");
}

void ServiceManager::report_reloading(MonoTime now) {
  if (!is_ready_) return;
  const auto usec = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(usec) + "\nSTATUS=Reloading the configuration\n");
}

void ServiceManager::report_reloaded() {
  if (is_ready_) report_ready();
}

void ServiceManager::report_stopping() {
  is_ready_ = false;
  send("STOPPING=1\nSTATUS=Closing all clients\n");
}

void ServiceManager::report_alive() { send("WATCHDOG=1\n"); }

void ServiceManager::send(std::string_view state) const {
  sockaddr_un address{};
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_.front() == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const reactor::FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&address), size);
}

Watchdog::Watchdog(gateway::Node& node, ServiceManager& manager) : node_(node), manager_(manager) {}

void Watchdog::start() {
  if (!manager_.watchdog()) return;
  manager_.report_alive();
  ask_every_shard();
}

void Watchdog::ask_every_shard() {
  missing_ = std::make_shared<std::atomic<std::size_t>>(node_.shard_count());
  for (std::size_t i = 0; i < node_.shard_count(); ++i) {
    // A loop that is so far behind that it takes no more functions does not answer.
    node_.loop(i).post([missing = missing_] { missing->fetch_sub(1, std::memory_order_relaxed); });
  }
  node_.loop(0).call_after(*manager_.watchdog() / 2, [this] { look(); });
}

void Watchdog::look() {
  if (missing_->load(std::memory_order_relaxed) == 0) {
    manager_.report_alive();
    ask_every_shard();
    return;
  }
  node_.loop(0).call_after(*manager_.watchdog() / 8, [this] { look(); });
}

}  // namespace carillon::app
