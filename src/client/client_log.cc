#include "client/client_log.h"

#include <optional>

namespace carillon::client {
namespace {

// Returns the level of the line about a close; nothing when no line is written.
std::optional<LogLevel> level_of(CloseReason why, const config::ClientLogSettings& own) {
  const auto unless = [](const std::string& line) {
    return line.empty() ? std::optional(LogLevel::info) : std::nullopt;
  };
  switch (why) {
    case CloseReason::client_close:
    case CloseReason::client_gone:
    case CloseReason::shutdown:
    case CloseReason::token_expired:
    case CloseReason::key_removed:
    case CloseReason::count:
      return std::nullopt;
    case CloseReason::message_too_large:
      return unless(own.too_large);
    case CloseReason::rate_exceeded:
      return unless(own.rate_exceeded);
    case CloseReason::ping_timeout:
      return unless(own.unresponsive);
    case CloseReason::slow_consumer:
    case CloseReason::control_rate:
    case CloseReason::protocol_error:
      return LogLevel::info;
    case CloseReason::overrun:
    case CloseReason::bus_gap:
    case CloseReason::not_recovered:
    case CloseReason::internal:
      break;
  }
  return LogLevel::warning;
}

}  // namespace

void ClientLog::write(Index index, LogLevel level, std::string_view message) {
  if (message.empty()) return;
  const std::string id = trace_.connection_id(index);
  const auto total = static_cast<std::int64_t>(shared_.admission.connections_of(endpoint_of(index)));
  shared_.log.write(level, message, {{"connectionId", std::string_view(id)}, {"total", total}});
}

void ClientLog::on_close(Index index, CloseReason why, std::string_view last_bytes, MonoTime now) {
  trace_.on_close(index, why, last_bytes, now);
  const config::EndpointSettings& settings = endpoint_of(index).settings;
  const auto level = level_of(why, settings.log);
  if (!level) return;
  const std::string id = trace_.connection_id(index);
  const Connection& connection = connections_[index];
  const std::string_view user = connection.identity ? connection.identity->subject() : std::string_view();
  incidents_.on_close({name_of(why), settings.name, user, trace_.address_of(index), id, *level}, now);
}

void ClientLog::on_refusal(const HttpExchange& exchange, RefusalReason reason, int status,
                           std::string_view detail, MonoTime now) {
  const protocol::Endpoint* const endpoint = shared_.endpoints.for_request(exchange.head);
  auto& counters = endpoint == nullptr ? counters_.refusals : counters_.endpoints[endpoint->index].refusals;
  counters[reason].add();
  const std::string_view name = endpoint == nullptr ? std::string_view() : endpoint->settings.name;
  incidents_.on_refusal({name_of(reason), status, exchange.head.target, exchange.client, detail, name}, now);
}

}  // namespace carillon::client
