// Shared: what all shards of a process share, and the endpoints, of which each shard has a table of its own.
#pragma once

#include <memory>

#include "auth/key_store.h"
#include "base/log.h"
#include "base/sip_hash.h"
#include "client/admission.h"
#include "client/event_publisher.h"
#include "client/http_handler.h"
#include "config/settings.h"
#include "fanout/frame_memory.h"
#include "protocol/endpoint_table.h"

namespace carillon::client {

struct Shared {
  std::shared_ptr<const config::Settings> settings;  // a shard's own; new settings replace it (Shard::use)
  protocol::EndpointTable endpoints;
  Admission& admission;
  HttpHandler& http_handler;
  EventPublisher& publisher;
  Log& log;
  SipKey channels_key;  // hashes channel names; clients must not be able to guess it
  fanout::FrameMemory& frame_memory;
  const auth::KeyStore& key_store;  // the key sets that are fetched
  std::uint64_t epoch = 0;          // of the positions of this process's events
};

}  // namespace carillon::client
