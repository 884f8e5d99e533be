// AcceptGate: what to do before the next connection is accepted, where descriptors or places for HTTP
// connections may have run out.
//
// As long as there is room, accept. Otherwise close the connection that HttpConnections names. When it names
// none, use the shard's spare descriptor to accept one connection at a time that may only ask for what the
// handler calls essential (/health, /metrics): an operator has to see what is wrong, and everybody else is
// told at once with 503 instead of waiting in the kernel's queue.
//
// Pure but for the spare descriptor. Thread: the shard's.
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

  // Before the shard serves, on its own thread.
  void begin(std::shared_ptr<reactor::DescriptorBudget> descriptors);
  reactor::DescriptorBudget& descriptors() { return *descriptors_; }
  bool knows_its_table() const { return begun_; }

  // `limit`: on the table's descriptors, which may change while the process runs.
  Next next(std::uint64_t limit, MonoTime now);
  HttpConnections::Index to_close() const { return to_close_; }  // after Next::close_one
  reactor::SpareDescriptor::Lease lend_spare() { return spare_.lend(); }

  // accept() found none left, though the budget said otherwise (ENFILE, or somebody else's descriptors).
  void note_none_left() { none_left_ = true; }
  // Whether new clients have to wait for a descriptor since the last accept that found room.
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
