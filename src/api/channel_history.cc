#include "api/channel_history.h"

#include <charconv>
#include <utility>

#include "api/key_check.h"
#include "api/refusals.h"
#include "event/channel_name.h"
#include "event/position.h"
#include "http/target.h"
#include "json/writer.h"

namespace carillon::api {
namespace {

constexpr std::string_view kBefore = "/v1/channels/";
constexpr std::string_view kBehind = "/history";

tl::unexpected<std::string> fault(std::string message) { return tl::unexpected(std::move(message)); }

std::optional<std::uint32_t> number_in(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Stores one parameter; returns what is wrong with it, or nothing.
std::string take_parameter(ChannelHistoryQuery& query, std::string_view name, const std::string& value) {
  if (name == "after") {
    if (!parse_position(value)) return "\"after\" must be a position, as events have one";
    query.after = value;
  } else if (name == "limit") {
    const auto limit = number_in(value);
    if (!limit || *limit < 1 || *limit > ChannelHistoryQuery::kLimitMax) {
      return "\"limit\" must be a number from 1 to " + std::to_string(ChannelHistoryQuery::kLimitMax);
    }
    query.limit = *limit;
  } else if (name == "reverse") {
    if (value != "true" && value != "false") return "\"reverse\" must be true or false";
    query.is_reversed = value == "true";
  } else if (name == "endpoint") {
    query.endpoint = value;
  } else {
    return "only the parameters after, limit, reverse and endpoint are known here";
  }
  return {};
}

ChannelHistoryRefusal reason_of(ApiKeyFault why) {
  switch (why) {
    case ApiKeyFault::off:
      return ChannelHistoryRefusal::off;
    case ApiKeyFault::wrong_keys:
      return ChannelHistoryRefusal::wrong_keys;
    case ApiKeyFault::key:
      break;
  }
  return ChannelHistoryRefusal::key;
}

std::string text_of(std::uint64_t epoch, std::uint64_t number) {
  std::string text;
  append_text({epoch, number}, text);
  return text;
}

void write_event(json::ArrayWriter& events, std::uint64_t epoch, const history::Record& record) {
  json::ObjectWriter event = events.object();
  event.member("position", text_of(epoch, record.number()));
  event.member("time_ms", record.received().time_since_epoch().count());
  event.raw_member("data", record.body());
}

// From where the next page goes on: from the last event of this one, if events follow it.
std::uint64_t continues_after(const ChannelHistoryQuery& query, const gateway::ResumeAnswer& answer) {
  const bool ends_early = answer.leaves_out && !query.after.empty();
  return ends_early ? answer.events.back()->number() : answer.number;
}

}  // namespace

std::string_view name_of(ChannelHistoryRefusal reason) {
  constexpr std::array<std::string_view, static_cast<std::size_t>(ChannelHistoryRefusal::count)> kNames{
      "method_not_allowed", "off", "key", "wrong_keys", "query", "no_history", "unavailable"};
  return kNames.at(static_cast<std::size_t>(reason));
}

Result<ChannelHistoryQuery, std::string> read_history_query(const http::RequestHead& head) {
  ChannelHistoryQuery query;
  query.channel = head.path.substr(kBefore.size(), head.path.size() - kBefore.size() - kBehind.size());
  if (const auto why = bus_channel_fault(query.channel); why != ChannelNameFault::none) {
    return fault("the channel in the path: " + std::string(describe(why)));
  }
  const auto parameters = http::QueryParameters::parse(head.query);
  if (!parameters || !parameters->all_readable()) return fault("the query cannot be read");
  for (const auto& [name, value] : parameters->entries()) {
    if (parameters->count(name) > 1) return fault("\"" + name + "\" is given twice");
    if (auto wrong = take_parameter(query, name, value); !wrong.empty()) return fault(std::move(wrong));
  }
  return query;
}

std::string history_body(const ChannelHistoryQuery& query, std::string_view endpoint, std::uint64_t epoch,
                         const gateway::ResumeAnswer& answer) {
  const bool recovered = answer.outcome == gateway::ResumeOutcome::recovered;
  std::string body;
  json::ObjectWriter writer(body);
  writer.member("channel", query.channel).member("endpoint", endpoint);
  json::ArrayWriter events = writer.array("events");
  for (std::size_t i = 0; i < answer.events.size(); ++i) {
    const std::size_t at = query.is_reversed ? answer.events.size() - 1 - i : i;
    write_event(events, epoch, *answer.events[at]);
  }
  events.close();
  writer.member("more", answer.leaves_out);
  writer.member("position", text_of(epoch, continues_after(query, answer)));
  writer.member("recovered", recovered);
  if (recovered) {
    writer.raw_member("reason", "null");
  } else {
    writer.member("reason", name_of(answer.outcome));
  }
  writer.close();
  return body;
}

bool ChannelHistory::has_path(const http::RequestHead& head) {
  return head.raw_path.size() > kBefore.size() + kBehind.size() && head.raw_path.starts_with(kBefore) &&
         head.raw_path.ends_with(kBehind);
}

std::optional<http::Response> ChannelHistory::judge(const http::RequestHead& head,
                                                    const client::Requester& requester,
                                                    std::span<const Secret> keys, gateway::Node* node) {
  if (head.method != "GET" && head.method != "HEAD") {
    return refused(ChannelHistoryRefusal::method, method_not_allowed("GET, HEAD"));
  }
  auto no = judge_api_key(head, keys, "reading histories over HTTP", node, requester);
  if (!no) return std::nullopt;
  return refused(reason_of(no->why), std::move(no->response), std::string(no->detail));
}

std::optional<http::Response> ChannelHistory::handle(const http::RequestHead& head, client::Responder later,
                                                     gateway::Node& node) {
  auto query = read_history_query(head);
  if (!query) {
    return refused(ChannelHistoryRefusal::query, refusal(400, query.error()), query.error());
  }
  gateway::ResumeRequest wanted;
  wanted.channels = {query->channel};
  wanted.position = query->after;
  wanted.last = query->limit;
  wanted.page_bytes_max = ChannelHistoryQuery::kBytesMax;
  const std::string endpoint = query->endpoint;  // the query moves into the function
  const bool is_asked = node.resume_desk().read_page(
      std::move(wanted), endpoint,
      [this, &node, query = std::move(*query), later = std::move(later)](
          const std::optional<gateway::ChannelPage>& page) { later(answer_of(query, node, page)); });
  if (is_asked) return std::nullopt;
  return refused(ChannelHistoryRefusal::unavailable, unavailable("too much to do; try again"));
}

http::Response ChannelHistory::answer_of(const ChannelHistoryQuery& query, gateway::Node& node,
                                         const std::optional<gateway::ChannelPage>& page) {
  if (!page) {
    const std::string message = query.endpoint.empty() ? "no endpoint has a history of this channel"
                                                       : query.endpoint + " has no history of this channel";
    return refused(ChannelHistoryRefusal::no_history, refusal(404, message), message);
  }
  counters_.answered.fetch_add(1, std::memory_order_relaxed);
  http::Response response;
  response.body = history_body(query, page->endpoint, node.resume_desk().epoch(), page->answer);
  return response;
}

http::Response ChannelHistory::refused(ChannelHistoryRefusal reason, http::Response response,
                                       std::string detail) {
  counters_.refused[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
  response.refusal = http::RefusalNote{name_of(reason), std::move(detail)};
  return response;
}

}  // namespace carillon::api
