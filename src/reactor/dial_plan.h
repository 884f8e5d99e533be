// DialPlan: what an outgoing connection needs before its first packet and what may block: the host's
// addresses (DNS). Made on a thread of its own, and handed back through an inbox that both sides own,
// so that neither a stream nor a loop that is gone meanwhile is ever touched.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "reactor/inbox.h"
#include "reactor/listener.h"

namespace carillon::reactor {

struct DialPlan {
  std::vector<SocketAddress> addresses;  // at least one, at most kAddressesMax, all numeric
};

inline constexpr std::size_t kAddressesMax = 8;
// A name server that does not answer holds a thread for up to half a minute, and a broker is dialled
// again and again: beyond this many a dial is refused at once.
inline constexpr int kDialThreadsMax = 16;

using DialPlanInbox = Inbox<Result<DialPlan>>;

// Numeric addresses of `host`, in the order to try them; may block. A test puts its own in its place.
using ResolveFunction = std::function<Result<std::vector<std::string>>(const std::string& host)>;
Result<std::vector<std::string>> resolve_by_system(const std::string& host);

// Starts the thread. Its inbox gets exactly one item.
Result<std::shared_ptr<DialPlanInbox>> make_dial_plan(std::string host, std::uint16_t port,
                                                      ResolveFunction resolve);

}  // namespace carillon::reactor
