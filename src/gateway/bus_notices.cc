#include "gateway/bus_notices.h"

#include <algorithm>
#include <string>
#include <utility>

namespace carillon::gateway {

using fanout::Notice;
using protocol::Endpoint;
namespace {

Notice notice_of(BusNews::What what) {
  switch (what) {
    case BusNews::What::lost:
      return Notice::degraded;
    case BusNews::What::back:
      return Notice::restored;
    case BusNews::What::gap:
      break;
  }
  return Notice::gap;
}

// Returns false where the clients of the endpoint are not told.
bool render(const BusNews& news, const Endpoint& endpoint, WallTime now, std::string& payload) {
  switch (news.what) {
    case BusNews::What::lost:
      return endpoint.replies.degraded(now, payload);
    case BusNews::What::back:
      return endpoint.replies.restored(now, payload);
    case BusNews::What::gap:
      break;
  }
  const auto& reported = news.reported;
  if (std::find(reported.begin(), reported.end(), endpoint.index) == reported.end()) return false;
  return endpoint.replies.gap({.before = news.before, .reason = "bus"}, now, payload);
}

}  // namespace

void announce(const Batch& batch, const protocol::EndpointTable& endpoints, const reactor::Loop& loop,
              fanout::FanOut& fan_out) {
  fanout::Announcement announcement{.what = notice_of(batch.news->what), .number = batch.last_event};
  for (const Endpoint& endpoint : endpoints) {
    announcement.frames.resize(std::max<std::size_t>(announcement.frames.size(), endpoint.group + 1U));
    std::string payload;
    if (!render(*batch.news, endpoint, loop.wall_now(), payload)) continue;
    endpoint.format().append_message(announcement.frames[endpoint.group], payload);
  }
  fan_out.announce(std::move(announcement), loop.now());
}

}  // namespace carillon::gateway
