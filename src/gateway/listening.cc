#include "gateway/listening.h"

#include <fcntl.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace carillon::gateway {
namespace {

constexpr int kBacklog = 4096;

bool is_v6(const config::ListenSettings& listen) { return listen.host.find(':') != std::string::npos; }

config::ListenSettings settings_of(const InheritedSocket& socket) {
  return {
      socket.address.host, socket.address.port, {"the process before", 0}, socket.proxy_protocol, socket.tls};
}

}  // namespace

Result<std::monostate> Listening::open() {
  const std::vector<config::ListenSettings>& all = node_.settings().server.listen;
  const client::TlsContexts contexts = client::make_tls_contexts(all, node_.loop(0).wall_now(), tickets_);
  if (!contexts.problems.empty()) return failure(text_of(contexts.problems));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const reactor::SocketAddress wanted{all[i].host, all[i].port};
    const auto bound = bind(wanted, {all[i].proxy_protocol, contexts.by_listen[i], i});
    if (bound) continue;
    // On a machine without IPv6 this is only a warning, as long as another address can be bound.
    if (!is_v6(all[i]) || addresses_.empty()) {
      return failure(all[i].origin.text() + ": server.listen: " + bound.error().message);
    }
    const std::string address = wanted.text();
    log_.warning("not listening", {{"address", std::string_view(address)},
                                   {"reason", std::string_view(bound.error().message)}});
  }
  take_left_over();
  return std::monostate{};
}

Result<std::monostate> Listening::begin(Loops loops) {
  start_listening();
  for (Opened& each : opened_) {
    client::Acceptor& acceptor = node_.shard(each.shard).acceptor();
    if (loops == Loops::do_not_run) {
      if (auto begun = acceptor.listen(std::move(each.socket), each.options); !begun) return begun;
      continue;
    }
    if (each.shard != 0 && node_.settings().server.descriptor_tables() > 1) {
      post_to_its_table(std::move(each));
    } else {
      post(std::move(each));
    }
  }
  opened_.clear();
  return std::monostate{};
}

// Shared, because a function that is posted must be one that can be copied.
void Listening::post(Opened each) {
  const auto opened = std::make_shared<Opened>(std::move(each));
  node_.loop(opened->shard).post_always([log = &log_, shard = &node_.shard(opened->shard), opened] {
    const auto begun = shard->acceptor().listen(std::move(opened->socket), opened->options);
    if (!begun) log->error("not listening", {{"reason", std::string_view(begun.error().message)}});
  });
}

// The descriptor has the same number in the table of the shard's thread, which only that thread can close;
// shard 0 keeps the one of this table.
void Listening::post_to_its_table(Opened each) {
  const int fd = each.socket.get();
  node_.shard(0).acceptor().listeners().keep_copy(std::move(each.socket), each.options);
  node_.loop(each.shard)
      .post_always([node = &node_, log = &log_, shard = each.shard, fd, options = each.options] {
        const auto begun = node->shard(shard).acceptor().listen(reactor::FileDescriptor(fd), options);
        if (begun) return;
        log->error("not listening", {{"reason", std::string_view(begun.error().message)}});
        // With a copy left, the kernel would go on giving connections to the socket.
        node->loop(0).post_always([node, fd] { node->shard(0).acceptor().listeners().close(fd); });
      });
}

std::vector<int> Listening::sockets_of(std::size_t shard) const {
  std::vector<int> sockets;
  for (const Opened& each : opened_) {
    if (each.shard == shard) sockets.push_back(each.socket.get());
  }
  return sockets;
}

// In the order of `opened_`, so that the kernel has the sockets of an address in the same order. A socket
// that cannot listen any more is dropped: the others serve.
void Listening::start_listening() {
  std::erase_if(opened_, [this](const Opened& each) {
    if (each.is_listening) return false;
    const reactor::SocketAddress address =
        reactor::local_address(each.socket.get()).value_or(reactor::SocketAddress());
    const auto started = reactor::start_listening(each.socket.get(), address, kBacklog);
    if (!started) log_.error("not listening", {{"reason", std::string_view(started.error().message)}});
    return !started;
  });
}

Result<std::monostate> Listening::bind(reactor::SocketAddress address,
                                       const client::ListenerOptions& options) {
  bool is_shared = inheritance_.from == Inheritance::From::service_manager;
  auto inherited = take_inherited(address, options, is_shared);
  if (inherited.empty()) {
    if (auto free = reactor::check_port_is_free(address); !free) return tl::unexpected(free.error());
  }
  auto opened = is_shared && !inherited.empty() ? share(options, std::move(inherited.front()))
                                                : open_sockets(address, options, std::move(inherited));
  if (opened) addresses_.push_back(address);
  return opened;
}

// With port 0 the first socket gets a port, and the others bind the same one. Inherited sockets that are more
// than there are shards are all shard 0's, so that one thread can watch and close them in order.
Result<std::monostate> Listening::open_sockets(reactor::SocketAddress& address,
                                               const client::ListenerOptions& options,
                                               std::vector<reactor::FileDescriptor> inherited) {
  const std::size_t shards = node_.shard_count();
  const bool is_takeover = inheritance_.from == Inheritance::From::another_process;
  for (std::size_t i = 0; i < std::max(shards, inherited.size()); ++i) {
    const bool is_inherited = i < inherited.size();
    auto socket = is_inherited  ? Result<reactor::FileDescriptor>(std::move(inherited[i]))
                  : is_takeover ? reactor::bind_to(address)
                                : reactor::listen_on(address, kBacklog);
    if (!socket) return tl::unexpected(socket.error());
    if (auto local = reactor::local_address(socket->get())) address = *local;
    client::ListenerOptions own = options;
    own.position = i;
    opened_.push_back({i < shards ? i : 0, std::move(*socket), std::move(own), is_inherited || !is_takeover});
  }
  return std::monostate{};
}

// Every shard watches a descriptor of its own for the one socket; the kernel wakes one of them.
Result<std::monostate> Listening::share(const client::ListenerOptions& options,
                                        reactor::FileDescriptor socket) {
  client::ListenerOptions shared = options;
  shared.is_shared = true;
  for (std::size_t i = 0; i < node_.shard_count(); ++i) {
    reactor::FileDescriptor own(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 3));
    if (!own) return failure("no file descriptor left for an inherited socket; raise the limit (ulimit -n)");
    shared.position = i;
    opened_.push_back({i, std::move(own), shared});
  }
  return std::monostate{};
}

// Sockets of addresses that server.listen does not have any more.
void Listening::take_left_over() {
  std::vector<config::ListenSettings> settings;
  for (const InheritedSocket& each : inheritance_.sockets) settings.push_back(settings_of(each));
  const client::TlsContexts contexts =
      client::make_tls_contexts(settings, node_.loop(0).wall_now(), tickets_);
  for (std::size_t i = 0; i < settings.size(); ++i) {
    if (settings[i].tls && !contexts.by_listen[i]) continue;  // its certificate has expired meanwhile
    client::ListenerOptions options{settings[i].proxy_protocol, contexts.by_listen[i]};
    options.is_left_over = true;
    opened_.push_back({0, std::move(inheritance_.sockets[i].socket), options});
  }
  inheritance_.sockets.clear();
}

// In the order in which they were handed over. Several addresses may have port 0: those with TLS and those
// without are not mixed up, and only sockets of one port belong together.
std::vector<reactor::FileDescriptor> Listening::take_inherited(const reactor::SocketAddress& address,
                                                               const client::ListenerOptions& options,
                                                               bool& is_shared) {
  std::vector<reactor::FileDescriptor> taken;
  std::optional<std::uint16_t> port;
  std::erase_if(inheritance_.sockets, [&](InheritedSocket& each) {
    if (each.address.host != address.host || each.address.port != address.port) return false;
    if (address.port == 0) {
      if ((each.tls != nullptr) != (options.tls != nullptr)) return false;
      const auto local = reactor::local_address(each.socket.get());
      if (local && port.value_or(local->port) != local->port) return false;
      if (local) port = local->port;
    }
    taken.push_back(std::move(each.socket));
    is_shared |= each.is_shared;
    return true;
  });
  return taken;
}

}  // namespace carillon::gateway
