// LoneGateway: a gateway of one shard, on a thread of its own, without a bus:
// the benchmark takes the place of the bus and calls the Router. Everything after that is what serves
// real clients: Router, Shard, FanOut, and the system calls of the real edge.
//
// Thread: made, used and destroyed by one thread, which is not the gateway's; on_loop() crosses over.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "gateway/node.h"
#include "gateway/testing/stub_http_handler.h"

namespace carillon::bench {

// The kernel's edge, watched. Thread: the loop's.
class WatchedEdge final : public client::Sockets {
 public:
  reactor::Accepted accept(int listener_fd, int notsent_low_water_bytes) override {
    return kernel_.accept(listener_fd, notsent_low_water_bytes);
  }
  client::ReadResult read(int fd, std::span<char> into) override { return kernel_.read(fd, into); }
  WriteResult write(int fd, const iovec* pieces, int count) override;
  void shut_down_writing(int fd) override { kernel_.shut_down_writing(fd); }
  void close(int fd) override { kernel_.close(fd); }
  void reset(int fd) override { kernel_.reset(fd); }
  std::string peer_host(int fd) override { return kernel_.peer_host(fd); }
  client::SendState send_state(int fd) override { return kernel_.send_state(fd); }
  MonoTime precise_now() override { return kernel_.precise_now(); }

  // Calls `reached`, once, from inside the write that makes it `bytes` from now on.
  void expect(std::uint64_t bytes, std::function<void()> reached);
  // Also records the first bytes written and the descriptors.
  void take_notes(bool whether) { taking_notes_ = whether; }

  const std::vector<int>& noted_descriptors() const { return descriptors_; }
  const std::string& noted_bytes() const { return bytes_; }
  std::uint64_t writes() const { return writes_; }

 private:
  client::Sockets& kernel_ = client::kernel_sockets();
  std::uint64_t bytes_left_ = 0;
  std::uint64_t writes_ = 0;
  std::function<void()> reached_;
  bool taking_notes_ = false;
  std::vector<int> descriptors_;
  std::string bytes_;
};

// An endpoint's table of the configuration, of a profile that never pings; `more`: further lines of it.
std::string endpoint_of(std::string_view profile, std::string_view more = {});

class LoneGateway {
 public:
  // Its thread stays on `core`. `endpoints`: their tables, one behind the other.
  static Result<std::unique_ptr<LoneGateway>> start(int core, std::string_view endpoints);
  ~LoneGateway();
  LoneGateway(const LoneGateway&) = delete;
  LoneGateway& operator=(const LoneGateway&) = delete;

  std::uint16_t port() const { return port_; }
  const std::string& token() const { return token_; }

  // Runs it on the gateway's thread and does not wait. What it uses below is that thread's.
  void on_loop(std::function<void()> use);
  reactor::Loop& loop() { return node_->loop(0); }
  gateway::Router& router() { return node_->router(); }
  WatchedEdge& sockets() { return sockets_; }
  const client::ShardCounters& counters() const { return node_->shard_counters(0); }  // any thread

 private:
  LoneGateway() = default;
  Result<std::monostate> build(std::string_view endpoints);
  Result<std::monostate> listen();

  gateway::testing::StubHttpHandler no_http_;
  NullLog no_log_;
  WatchedEdge sockets_;
  std::unique_ptr<gateway::Node> node_;
  std::uint16_t port_ = 0;
  std::string token_;
  std::thread thread_;
};

}  // namespace carillon::bench
