// GET /v1/channels/{channel}/history?after=&limit=&reverse=&endpoint=: the events of a channel that are
// retained for clients that resume.
//
// Checks, in this order: the method (405), the key (403, 401, 429), the query (400); then on loop 0 whether
// an endpoint retains the channel (404).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "client/http_handler.h"
#include "gateway/node.h"

namespace carillon::api {

// Why a request for a channel's history was refused.
enum class ChannelHistoryRefusal : std::uint8_t {
  method,       // 405
  off,          // 403: there are no api.keys
  key,          // 401
  wrong_keys,   // 429
  query,        // 400: an unknown parameter, or one with a wrong value
  no_history,   // 404: no endpoint retains the channel
  unavailable,  // 503: loop 0 has too much to do
  count
};
std::string_view name_of(ChannelHistoryRefusal reason);  // label of carillon_channel_history_refusals_total

struct ChannelHistoryCounters {
  std::atomic<std::uint64_t> answered{0};
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(ChannelHistoryRefusal::count)> refused{};
};

// A request, parsed.
struct ChannelHistoryQuery {
  static constexpr std::uint32_t kLimitDefault = 100;
  static constexpr std::uint32_t kLimitMax = 1000;
  static constexpr std::uint32_t kBytesMax = 4 * 1024 * 1024;  // of the events of one answer

  std::string channel;     // as clients name it
  std::string endpoint{};  // empty: the first one that retains the channel
  std::string after{};     // a position; empty: the last events
  std::uint32_t limit = kLimitDefault;
  bool is_reversed = false;  // the newest event first
};
// Fails with what is wrong with the query and what to write instead.
Result<ChannelHistoryQuery, std::string> read_history_query(const http::RequestHead& head);

// Writes the body of the answer. `epoch`: of the positions.
std::string history_body(const ChannelHistoryQuery& query, std::string_view endpoint, std::uint64_t epoch,
                         const gateway::ResumeAnswer& answer);

// ChannelHistory: checks and answers these requests.
//
// Thread: any; counters are relaxed atomics. Outlives the node's loops.
class ChannelHistory {
 public:
  static bool has_path(const http::RequestHead& head);

  // Checks the head; returns the refusal, if any.
  std::optional<http::Response> judge(const http::RequestHead& head, const client::Requester& requester,
                                      std::span<const Secret> keys, gateway::Node* node);
  // Answers through `later`, or returns a refusal. After judge() has let it pass.
  std::optional<http::Response> handle(const http::RequestHead& head, client::Responder later,
                                       gateway::Node& node);
  const ChannelHistoryCounters& counters() const { return counters_; }

 private:
  http::Response refused(ChannelHistoryRefusal reason, http::Response response, std::string detail = {});
  http::Response answer_of(const ChannelHistoryQuery& query, gateway::Node& node,
                           const std::optional<gateway::ChannelPage>& page);

  ChannelHistoryCounters counters_;
};

}  // namespace carillon::api
