#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace carillon::bus::testing {

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// TcpServer: a thread with a handful of loopback connections, for tests: a broker that misbehaves, or
// a proxy before a real one that can be made to swallow what it should pass on.
class TcpServer {
 public:
  // What to answer to bytes that came in; called on the server's thread.
  using Answer = std::function<std::string(std::string_view received)>;

  static TcpServer answering(Answer answer) { return TcpServer(std::move(answer), 0); }
  static TcpServer proxy_to(std::uint16_t port) { return TcpServer(nullptr, port); }
  ~TcpServer() {
    ending_ = true;
    thread_.join();
    for (const auto& link : links_) close_both(link);
    ::close(listener_);
  }
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;

  std::uint16_t port() const { return port_; }
  int accepted() const { return accepted_; }
  // For a proxy: discards what the broker sends to the connections that have subscribed by now.
  void mute_subscribers() { mute_ = true; }
  // For a proxy: sends new connections to this port; open ones stay, as behind a virtual address.
  void retarget(std::uint16_t port) { target_ = port; }

 private:
  struct Link {
    int client = -1;
    int server = -1;  // -1: no proxy
    bool subscriber = false;
    bool muted = false;
  };

  TcpServer(Answer answer, std::uint16_t target) : answer_(std::move(answer)), target_(target) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto address = loopback(0);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    CARILLON_ASSERT(::bind(listener_, generic, size) == 0 && ::listen(listener_, 64) == 0);
    CARILLON_ASSERT(::getsockname(listener_, generic, &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }

  void run() {
    while (!ending_) {
      if (mute_.exchange(false)) {
        for (auto& link : links_) link.muted = link.subscriber;
      }
      std::vector<pollfd> wanted{{listener_, POLLIN, 0}};
      for (const auto& link : links_) {
        wanted.push_back({link.client, POLLIN, 0});
        wanted.push_back({link.server, POLLIN, 0});  // -1 is passed over
      }
      if (::poll(wanted.data(), wanted.size(), 5) <= 0) continue;
      std::size_t index = 1;
      for (auto link = links_.begin(); link != links_.end(); index += 2) {
        const bool alive = (wanted[index].revents == 0 || from_client(*link)) &&
                           (wanted[index + 1].revents == 0 || from_server(*link));
        if (!alive) close_both(*link);
        link = alive ? std::next(link) : links_.erase(link);
      }
      if (wanted[0].revents != 0) accept_one();
    }
  }
  void accept_one() {
    Link link;
    link.client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (link.client < 0) return;
    ++accepted_;
    if (target_ != 0) {
      link.server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const auto address = loopback(target_);
      if (::connect(link.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        close_both(link);
        return;
      }
    }
    links_.push_back(link);
  }
  bool from_client(Link& link) {
    const auto size = ::recv(link.client, buffer_.data(), buffer_.size(), 0);
    if (size <= 0) return false;
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(size));
    if (bytes.find("SUBSCRIBE") != std::string_view::npos) link.subscriber = true;
    if (target_ != 0) return send_all(link.server, bytes);
    return send_all(link.client, answer_(bytes));
  }
  bool from_server(Link& link) {
    const auto size = ::recv(link.server, buffer_.data(), buffer_.size(), 0);
    if (size <= 0) return false;
    return link.muted || send_all(link.client, {buffer_.data(), static_cast<std::size_t>(size)});
  }
  static bool send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  static void close_both(const Link& link) {
    ::close(link.client);
    if (link.server >= 0) ::close(link.server);
  }

  const Answer answer_;
  std::atomic<std::uint16_t> target_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_{0};
  std::atomic<bool> ending_{false};
  std::atomic<bool> mute_{false};
  std::list<Link> links_;  // the thread's
  std::array<char, 64 * 1024> buffer_;
  std::thread thread_;
};

}  // namespace carillon::bus::testing
