// Requester: the client that sends a request, and when it arrived.
#pragma once

#include "base/ip_address.h"
#include "base/time.h"

namespace carillon::client {

struct Requester {
  IpAddress address;  // the client's, behind trusted proxies
  MonoTime now;
  WallTime wall_now;
};

}  // namespace carillon::client
