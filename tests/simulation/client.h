// SimulatedClient: one client of one profile, from connect to the end of its connection. It behaves as its
// kind does, and checks everything that it receives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client_host.h"
#include "drip.h"
#include "expectations.h"
#include "request.h"
#include "wire.h"

namespace carillon::simulation {

class SimulatedClient {
 public:
  // `memory`: what it knows of earlier connections; at least its profile.
  SimulatedClient(ClientHost& host, NodeView& node, Kind kind, Memory memory, int number);

  // Connects and sends its request, or the first part of it.
  void connect();
  // The node has written, or has ended the connection.
  void on_changed();
  // Something that a client of this kind does now and then.
  void act();
  // Reads and behaves from now on like a well-behaved client; its network is good.
  void calm_down();
  void leave();

  bool is_gone() const { return phase_ == Phase::gone; }
  Kind kind() const { return kind_; }
  Profile profile() const { return memory_.profile; }
  const Drip& drip() const { return drip_; }
  const NodeView& node() const { return node_; }
  const Wire& wire() const { return wire_; }
  std::uint64_t events() const { return expected_.events(); }
  // An event that it should have received, and has not.
  std::optional<std::string> missing() const;
  std::string text() const;

 private:
  enum class Phase : std::uint8_t { connecting, open, closing, gone };  // closing: it has a close frame

  bool reads_eagerly() const {
    return !wire_.has_vanished() && kind_ != Kind::slow && kind_ != Kind::half_open;
  }
  void fail(const std::string& what) { host_.fail(text() + ": " + what); }
  void judge(const Expectations::Fault& fault);
  void read(std::size_t bytes_max);
  void on_head(const std::string& head);
  void on_frame(const Wire::Frame& frame);
  void on_event(std::string_view payload);
  void on_service_text(std::string_view payload);
  void on_drain_frame(std::string_view payload);
  void on_close_frame(std::string_view payload);
  void check_close(int code, std::string_view reason);
  void on_ended();
  void send_rest();
  void remember();
  void be_gone();

  // client_acts.cc
  void misbehave();

  ClientHost& host_;
  NodeView& node_;
  const Kind kind_;
  const int number_;
  Memory memory_;
  Phase phase_ = Phase::connecting;
  Wire wire_;
  Request request_;
  Expectations expected_;
  struct {
    bool calm = false;
    bool misbehaved = false;
    bool sent_close = false;
    bool has_drain_frame = false;
    bool remembered = false;
  } done_;
  Drip drip_;
};

}  // namespace carillon::simulation
