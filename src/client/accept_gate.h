// AcceptGate: decides whether the next connection is accepted when file descriptors or places for HTTP
// connections may have run out.
//
// While there is room, connections are accepted. Otherwise the connection that HttpConnections names is
// closed first. When it names none, the shard's spare descriptor accepts one connection at a time, which may
// only request what the handler calls essential (/health, /metrics): an operator can see what is wrong, and
// all other clients are answered 503 at once instead of waiting in the kernel's queue.
//
// Pure except for the spare descriptor. Thread: the shard's.
#pragma once

#include <memory>

#include "base/time.h"
#include "client/http_connections.h"
#include "reactor/descriptor_budget.h"
#include "reactor/spare_descriptor.h"

namespace carillon::client {

class AcceptGate {
 public:
  enum class Next : std::uint8_t { accept, accept_essential, close_one, wait };

  explicit AcceptGate(const HttpConnections& http) : http_(http) {}

  // Call once before the shard serves, on its own thread.
  void begin(std::shared_ptr<reactor::DescriptorBudget> descriptors);
  reactor::DescriptorBudget& descriptors() { return *descriptors_; }
  bool knows_its_table() const { return begun_; }

  // What to do now. `limit` is the limit on open files, which may change while the process runs.
  Next next(std::uint64_t limit, MonoTime now);
  HttpConnections::Index to_close() const { return to_close_; }  // after Next::close_one
  reactor::SpareDescriptor::Lease lend_spare() { return spare_.lend(); }

  // accept() found no descriptor although the budget had one (ENFILE, or descriptors of other code).
  void note_none_left() { none_left_ = true; }
  // Whether the last next() found no descriptor for a new client.
  bool is_short() const { return short_; }

 private:
  const HttpConnections& http_;
  std::shared_ptr<reactor::DescriptorBudget> descriptors_ = std::make_shared<reactor::DescriptorBudget>();
  reactor::SpareDescriptor spare_;
  HttpConnections::Index to_close_ = 0;
  bool begun_ = false;
  bool none_left_ = false;
  bool short_ = false;
};

}  // namespace carillon::client
