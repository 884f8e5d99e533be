#pragma once

#include <functional>
#include <memory>

#include "bus/backoff.h"
#include "bus/redis/session.h"
#include "reactor/client_stream.h"

namespace carillon::bus {

class RedisLink;

// Receives the state changes of a RedisLink.
class RedisLinkOwner {
 public:
  virtual void on_link_ready(RedisLink& link) = 0;
  // The session is closed, and the next dial is set; the owner may stop() the link here.
  virtual void on_link_lost(RedisLink& link, const Fault& fault) = 0;
  virtual void on_link_read(RedisLink& link) = 0;  // all that one read brought has been fed

 protected:
  ~RedisLinkOwner() = default;
};

// How to open a connection: reactor::ClientStream::connect with the broker's address, or a test's own.
using Connector = std::function<std::unique_ptr<reactor::ClientStream>(reactor::ClientStreamHandler&)>;

// RedisLink: keeps one connection to Redis: dials, drives a Session, backs off, dials again.
//
// The thin edge over reactor/client_stream.h. Thread: the loop's. The owner is called from the loop,
// never from inside start(), stop(), drop() or send_soon(), except drop(), which calls on_link_lost.
class RedisLink final : private reactor::ClientStreamHandler {
 public:
  RedisLink(reactor::Loop& loop, const Connector& connector, Session& session, Backoff backoff,
            RedisLinkOwner& owner);
  ~RedisLink();  // closes without calling the owner or the session
  RedisLink(const RedisLink&) = delete;
  RedisLink& operator=(const RedisLink&) = delete;

  void start();                   // dials at once; no effect on a link that is started
  void stop();                    // closes, dials no more
  void drop(const Fault& fault);  // as if the connection had failed

  // What the session is to send is appended here, then sent in the next turn: many commands, one write.
  std::string& outgoing() { return outgoing_; }
  void send_soon();
  std::size_t unsent_bytes() const;

  std::uint32_t failures() const { return backoff_.failures(); }

 private:
  void on_connected() override;
  void on_bytes(std::string_view bytes) override;
  void on_closed(const Error& reason) override;

  void dial();
  void send_now();
  void arm();
  void on_deadline();
  void disconnect();

  reactor::Loop& loop_;
  const Connector& connector_;
  Session& session_;
  Backoff backoff_;
  RedisLinkOwner& owner_;
  std::unique_ptr<reactor::ClientStream> stream_;
  bool started_ = false;
  bool connected_ = false;
  bool announced_ = false;  // on_link_ready() was called for this connection
  std::string outgoing_;
  reactor::Loop::TimerId dial_timer_ = 0;
  reactor::Loop::TimerId send_timer_ = 0;
  reactor::Loop::TimerId deadline_timer_ = 0;
  MonoTime armed_for_ = MonoTime::max();
};

}  // namespace carillon::bus
