#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "reactor/inbox.h"
#include "reactor/listener.h"
#include "reactor/resolve.h"
#include "reactor/tls_session.h"

namespace carillon::reactor {

// DialPlan: what an outgoing connection needs before its first packet and can only get by blocking: the
// host's addresses (DNS) and the certificates to trust (files). It is made on another thread and returned
// through an inbox that both sides own, so that a stream or loop that was destroyed meanwhile is never
// touched.
struct DialPlan {
  std::vector<SocketAddress> addresses;   // at least one, at most kAddressesMax, all numeric
  std::shared_ptr<const TlsContext> tls;  // null: plain TCP
};

// Where to connect to, and how.
struct DialRequest {
  std::string host;
  std::uint16_t port = 0;
  ResolveFunction resolve;
  enum class Security { none, tls } security = Security::none;
  std::string ca_file;  // for TLS; empty: the system's store
};

inline constexpr std::size_t kAddressesMax = 8;
// The most concurrent threads. A name server that does not answer blocks a thread for up to half a minute
// while the broker is dialled again and again; further dials are refused at once.
inline constexpr int kDialThreadsMax = 16;

using DialPlanInbox = Inbox<Result<DialPlan>>;

// Starts the thread. Its inbox gets exactly one item.
Result<std::shared_ptr<DialPlanInbox>> make_dial_plan(const DialRequest& request);

}  // namespace carillon::reactor
