// handshake_floor: the least that can be called a WebSocket server: it accepts, reads a request's head,
// answers 101 with the right Sec-WebSocket-Accept (RFC 6455 section 4.2.2), and keeps the connection. No
// token, no origin, no limit, nothing checked, nothing ever sent: what a gateway's handshake is measured
// against.
//
// Prints {"port": N} and serves until its stdin ends.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/descriptor_table.h"
#include "common/json_line.h"
#include "loadgen/process.h"

namespace carillon::bench {
namespace {

constexpr int kBacklog = 4096;
constexpr std::size_t kHeadBytesMax = 16 * 1024;
constexpr std::string_view kKeyName = "Sec-WebSocket-Key: ";  // as our clients write it
constexpr std::string_view kKeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

std::string accept_key(std::string_view key) {
  static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  const std::string text = std::string(key).append(kKeySuffix);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, sha1, nullptr);
  std::array<unsigned char, 4 * EVP_MAX_MD_SIZE> base64;
  const int characters = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
  return {base64.begin(), base64.begin() + characters};
}

class Server {
 public:
  // 0 when it cannot listen.
  std::uint16_t listen();
  void serve();

 private:
  void add(int fd, std::uint32_t events);
  void accept_all();
  void read(int fd);
  bool answer(int fd, std::string_view head);
  void end(int fd);

  int listener_ = -1;
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::unordered_map<int, std::string> unfinished_;  // heads of which only some has come
};

std::uint16_t Server::listen() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (::bind(listener_, raw, size) != 0 || ::listen(listener_, kBacklog) != 0) return 0;
  ::getsockname(listener_, raw, &size);
  add(listener_, EPOLLIN);
  add(STDIN_FILENO, EPOLLIN);
  return ntohs(address.sin_port);
}

void Server::serve() {
  std::array<epoll_event, 512> events;
  for (;;) {
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == STDIN_FILENO) return;
      fd == listener_ ? accept_all() : read(fd);
    }
  }
}

void Server::add(int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

void Server::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int yes = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    add(fd, EPOLLIN | EPOLLRDHUP | EPOLLET);
  }
}

void Server::read(int fd) {
  std::array<char, kHeadBytesMax> bytes;
  const ssize_t count = ::recv(fd, bytes.data(), bytes.size(), 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return end(fd);
  std::string_view head(bytes.data(), static_cast<std::size_t>(count));
  const auto begun = unfinished_.find(fd);
  if (begun != unfinished_.end()) head = begun->second.append(head);
  if (!head.ends_with("\r\n\r\n")) {
    if (head.size() > kHeadBytesMax) return end(fd);
    if (begun == unfinished_.end()) unfinished_.emplace(fd, head);
    return;
  }
  if (!answer(fd, head)) return end(fd);
  if (begun != unfinished_.end()) unfinished_.erase(begun);
}

bool Server::answer(int fd, std::string_view head) {
  const std::size_t name = head.find(kKeyName);
  if (name == std::string_view::npos) return false;
  const std::size_t key = name + kKeyName.size();
  const std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
      "Upgrade\r\nSec-WebSocket-Accept: " +
      accept_key(head.substr(key, head.find('\r', key) - key)) + "\r\n\r\n";
  return ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(answer.size());
}

void Server::end(int fd) {
  unfinished_.erase(fd);
  ::close(fd);
}

}  // namespace
}  // namespace carillon::bench

int main(int argc, char** argv) {
  int core = -1;
  CLI::App app("The least server that answers WebSocket upgrades. Ends with its stdin.");
  app.add_option("--core", core, "stay on this core; -1: any")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  carillon::raise_descriptor_limit();
  if (core >= 0) carillon::loadgen::pin_to_core(core);
  carillon::bench::Server server;
  const std::uint16_t port = server.listen();
  if (port == 0) {
    std::fprintf(stderr, "handshake_floor: cannot listen: %s\n", std::strerror(errno));
    return 1;
  }
  carillon::bench::print_line("{\"port\":" + std::to_string(port) + "}");
  server.serve();
  return 0;
}
