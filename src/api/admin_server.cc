#include "api/admin_server.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "api/key_check.h"
#include "api/refusals.h"
#include "base/line_sampler.h"
#include "http/body_reader.h"
#include "http/date_clock.h"
#include "http/head_reader.h"
#include "reactor/descriptor_message.h"
#include "reactor/listener.h"
#include "reactor/loop.h"
#include "reactor/unix_listener.h"
#include "reactor/write_buffer.h"

namespace carillon::api {
namespace {

constexpr int kBacklog = 64;
constexpr std::size_t kBodyBytesMax = 64 * 1024;
constexpr std::size_t kReadBytes = 16 * 1024;
constexpr auto kLookEvery = milliseconds(250);  // for connections whose time is up

enum class Requires { nothing, key };  // of the connections of a socket

struct Listening {
  int fd;
  Requires what;
};

// One connection: a request is read, handled, answered, and the connection closed.
struct Connection {
  reactor::FileDescriptor socket;
  Requires what = Requires::key;
  IpAddress peer;
  MonoTime due{};
  http::HeadReader head_reader;
  http::RequestHead head;
  std::optional<http::BodyReader> body_reader;
  bool handed_over = false;
  reactor::WriteBuffer out;
  std::shared_ptr<const std::vector<reactor::FileDescriptor>> descriptors;  // go with the first bytes
  std::size_t descriptors_sent = 0;
};

class Server final : public AdminServer, private reactor::IoHandler {
 public:
  Server(std::vector<Secret> keys, AdminCounters& counters, Log& log, Handle handle,
         std::unique_ptr<reactor::Loop> loop)
      : keys_(std::move(keys)),
        counters_(counters),
        log_(log),
        handle_(std::move(handle)),
        loop_(std::move(loop)),
        guesses_(random_sip_key()),
        handler_(loop_->add_handler(*this)) {}
  ~Server() override;

  void set_keys(std::vector<Secret> keys) override {
    loop_->post_always([this, keys = std::move(keys)] { keys_ = keys; });
  }
  Result<std::monostate> listen(const std::string& control,
                                const std::vector<config::ListenSettings>& addresses,
                                reactor::UnixListener::Existing existing);
  void stop_listening() override {
    loop_->post_always([this] { close_listeners(); });
  }
  void start();

 private:
  void on_io(std::uint32_t events, std::uint32_t index, std::uint32_t generation) override;
  Result<std::monostate> watch(Listening listening);
  void accept_waiting();
  void accept_from(const Listening& listening);
  void read(std::uint32_t id);
  void take(std::uint32_t id, Connection& connection, std::string_view bytes);
  void hand_over(std::uint32_t id, Connection& connection);
  void answer(std::uint32_t id, const Answer& given);
  void note(std::atomic<std::uint64_t>& counter, std::string_view reason, const Connection& connection);
  static ssize_t send_some(Connection& connection);
  void close_listeners();
  void write(std::uint32_t id, Connection& connection);
  void close(std::uint32_t id);
  void close_late();

  std::vector<Secret> keys_;
  AdminCounters& counters_;
  Log& log_;
  LineSampler sampler_;
  const Handle handle_;
  const std::unique_ptr<reactor::Loop> loop_;
  client::KeyGuesses guesses_;
  http::DateClock date_;
  const reactor::Loop::HandlerId handler_;
  reactor::UnixListener control_;
  std::vector<reactor::FileDescriptor> sockets_;  // of admin.listen
  std::vector<Listening> listening_;              // all of them
  std::unordered_map<std::uint32_t, Connection> connections_;
  std::uint32_t last_id_ = 0;
  std::thread thread_;
};

constexpr std::uint32_t kListenerIds = 0x80000000;  // and above: a listener; below: a connection

Server::~Server() {
  loop_->stop();
  if (thread_.joinable()) thread_.join();
  for (const Listening& each : listening_) loop_->unwatch(each.fd);
  for (const auto& [id, connection] : connections_) loop_->unwatch(connection.socket.get());
  loop_->remove_handler(handler_);
}

Result<std::monostate> Server::listen(const std::string& control,
                                      const std::vector<config::ListenSettings>& addresses,
                                      reactor::UnixListener::Existing existing) {
  if (!control.empty()) {
    auto bound = reactor::UnixListener::bind(control, kBacklog, existing);
    if (!bound) return failure("server.control: " + bound.error().message);
    control_ = std::move(*bound);
    if (auto watched = watch({control_.fd(), Requires::nothing}); !watched) return watched;
  }
  for (const config::ListenSettings& each : addresses) {
    const reactor::SocketAddress address{each.host, each.port};
    const bool may_be_in_use = existing == reactor::UnixListener::Existing::replace;
    const auto free = may_be_in_use ? Result<void>() : reactor::check_port_is_free(address);
    if (!free) return failure(each.origin.text() + ": admin.listen: " + free.error().message);
    auto socket = reactor::listen_on(address, kBacklog);
    if (!socket) return failure(each.origin.text() + ": admin.listen: " + socket.error().message);
    sockets_.push_back(std::move(*socket));
    if (auto watched = watch({sockets_.back().get(), Requires::key}); !watched) return watched;
  }
  return std::monostate{};
}

void Server::close_listeners() {
  for (const Listening& each : std::exchange(listening_, {})) loop_->unwatch(each.fd);
  control_ = {};
  sockets_.clear();
}

Result<std::monostate> Server::watch(Listening listening) {
  const auto id = static_cast<std::uint32_t>(kListenerIds + listening_.size());
  if (!loop_->watch(listening.fd, EPOLLIN, handler_, id, 0)) {
    return failure("cannot watch the socket of the admin side: no descriptors left");
  }
  listening_.push_back(listening);
  return std::monostate{};
}

void Server::start() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "admin");
    close_late();
    loop_->run();
  });
}

void Server::on_io(std::uint32_t events, std::uint32_t index, std::uint32_t) {
  if (index >= kListenerIds) return accept_waiting();
  const auto found = connections_.find(index);
  if (found == connections_.end()) return;
  if (found->second.handed_over) {
    // Nothing more is read: a peer that has gone is noticed when the answer is written.
    if ((events & EPOLLOUT) != 0) write(index, found->second);
  } else {
    read(index);
  }
}

// --- accept ---

void Server::accept_waiting() {
  for (const Listening& each : listening_) accept_from(each);
}

void Server::accept_from(const Listening& listening) {
  while (connections_.size() < kConnectionsMax) {
    reactor::FileDescriptor socket(::accept4(listening.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    const std::uint32_t id = last_id_ = (last_id_ + 1) % kListenerIds;
    const int fd = socket.get();
    Connection connection;
    connection.socket = std::move(socket);
    connection.what = listening.what;
    connection.due = loop_->now() + kRequestTime;
    if (listening.what == Requires::key) {
      if (const auto address = reactor::peer_address(fd)) {
        connection.peer = IpAddress::parse(address->host).value_or(IpAddress());
      }
    }
    if (!loop_->watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP, handler_, id, 0)) return;
    connections_.emplace(id, std::move(connection));
  }
}

// Connections whose time is up make room for those that wait.
void Server::close_late() {
  const MonoTime now = loop_->now();
  std::vector<std::uint32_t> late;
  for (const auto& [id, connection] : connections_) {
    if (now >= connection.due) late.push_back(id);
  }
  for (const std::uint32_t id : late) {
    note(counters_.timeouts, "timeout", connections_.at(id));
    close(id);
  }
  accept_waiting();
  loop_->call_after(kLookEvery, [this] { close_late(); });
}

void Server::close(std::uint32_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  loop_->unwatch(found->second.socket.get());
  connections_.erase(found);
}

// --- one request ---

// Looks the connection up for each read, because an answer that is sent at once closes it.
void Server::read(std::uint32_t id) {
  char bytes[kReadBytes];
  for (;;) {
    const auto found = connections_.find(id);
    if (found == connections_.end() || found->second.handed_over) return;
    const ssize_t count = ::recv(found->second.socket.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (count <= 0) return close(id);
    take(id, found->second, {bytes, static_cast<std::size_t>(count)});
  }
}

void Server::take(std::uint32_t id, Connection& connection, std::string_view bytes) {
  if (!connection.body_reader) {
    const auto step = connection.head_reader.feed(bytes);
    if (step.state == http::HeadState::need_more) return;
    if (step.state == http::HeadState::fault) {
      note(counters_.malformed, "malformed request", connection);
      return answer(id, http::error_response(connection.head_reader.fault()));
    }
    bytes.remove_prefix(step.consumed);
    connection.head = connection.head_reader.take_head();
    connection.body_reader.emplace(connection.head, kBodyBytesMax);
  }
  if (!bytes.empty()) connection.body_reader->feed(bytes);
  switch (connection.body_reader->state()) {
    case http::BodyState::need_more:
      return;
    case http::BodyState::fault:
      note(counters_.malformed, "malformed body", connection);
      return answer(id, http::error_response(connection.body_reader->fault()));
    case http::BodyState::done:
      return hand_over(id, connection);
  }
}

void Server::hand_over(std::uint32_t id, Connection& connection) {
  if (connection.what == Requires::key) {
    std::vector<std::string_view> presented;
    if (const auto bearer = bearer_of(connection.head)) presented.push_back(*bearer);
    constexpr std::string_view kAdvice = "send one of admin.keys as Authorization: Bearer <key>";
    const client::Requester requester{connection.peer, loop_->now(), loop_->wall_now()};
    if (const auto refused = judge_key(presented, keys_, kAdvice, guesses_, requester)) {
      note(counters_.wrong_keys, presented.empty() ? "no key" : "wrong key", connection);
      return answer(id, *refused);
    }
  }
  counters_.requests.fetch_add(1, std::memory_order_relaxed);
  connection.handed_over = true;
  connection.due = loop_->now() + kAnswerTime;
  Request request{std::string(connection.head.method), std::string(connection.head.raw_path),
                  std::string(connection.head.query), connection.body_reader->take_body(),
                  connection.what == Requires::nothing};
  handle_(request, [this, id](Answer given) {
    loop_->post_always([this, id, given = std::move(given)] { answer(id, given); });
  });
}

// `reason` is a literal.
void Server::note(std::atomic<std::uint64_t>& counter, std::string_view reason,
                  const Connection& connection) {
  counter.fetch_add(1, std::memory_order_relaxed);
  const auto suppressed = sampler_.admit(reason, loop_->now());
  if (!suppressed) return;
  const std::string client = connection.what == Requires::key ? connection.peer.text() : "control socket";
  log_.warning("admin request refused", {{"reason", reason},
                                         {"client", std::string_view(client)},
                                         {"suppressed", static_cast<std::int64_t>(*suppressed)}});
}

void Server::answer(std::uint32_t id, const Answer& given) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || !found->second.out.empty()) return;
  Connection& connection = found->second;
  connection.handed_over = true;
  connection.due = loop_->now() + kRequestTime;
  http::Response last = given.response;
  last.keep_alive = http::KeepAlive::close;
  std::string bytes;
  http::append_response(bytes, last, date_.at(loop_->wall_now()),
                        connection.head.method == "HEAD" ? http::BodyOut::omit : http::BodyOut::send);
  connection.out.append(bytes);
  if (connection.what == Requires::nothing) connection.descriptors = given.descriptors;
  write(id, connection);
}

void Server::write(std::uint32_t id, Connection& connection) {
  while (!connection.out.empty()) {
    const ssize_t count = send_some(connection);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (count <= 0) return close(id);
    connection.out.consume(static_cast<std::size_t>(count));
    if (connection.out.empty()) return close(id);
  }
}

// Descriptors go with one byte each time, until all have gone.
ssize_t Server::send_some(Connection& connection) {
  constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
  const std::string_view bytes = connection.out.view();
  const std::size_t all = connection.descriptors ? connection.descriptors->size() : 0;
  if (connection.descriptors_sent == all) {
    return ::send(connection.socket.get(), bytes.data(), bytes.size(), kFlags);
  }
  std::vector<int> some;
  for (std::size_t i = connection.descriptors_sent; i < all && some.size() < reactor::kDescriptorsAMessage;
       ++i) {
    some.push_back((*connection.descriptors)[i].get());
  }
  const ssize_t count =
      reactor::send_with_descriptors(connection.socket.get(), bytes.substr(0, 1), some, kFlags);
  if (count > 0) connection.descriptors_sent += some.size();
  return count;
}

}  // namespace

Result<std::unique_ptr<AdminServer>> AdminServer::start(const std::string& control,
                                                        const config::AdminSettings& settings,
                                                        AdminCounters& counters, Log& log, Handle handle,
                                                        reactor::UnixListener::Existing existing) {
  auto loop = reactor::Loop::create();
  if (!loop) return tl::unexpected(loop.error());
  auto server = std::make_unique<Server>(settings.keys, counters, log, std::move(handle), std::move(*loop));
  if (auto listening = server->listen(control, settings.listen, existing); !listening) {
    return tl::unexpected(listening.error());
  }
  server->start();
  return server;
}

}  // namespace carillon::api
