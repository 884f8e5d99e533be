// IncidentLog: writes log lines about refused requests, connections that the gateway closes, and commands
// that look like a mistake. The lines are sampled by kind and free of secrets.
//
// Thread: its shard's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/ip_address.h"
#include "base/line_sampler.h"
#include "base/log.h"
#include "base/time.h"
#include "client/counters.h"
#include "config/settings.h"
#include "http/redaction.h"

namespace carillon::client {

// Hides every parameter and header that an endpoint reads tokens from.
http::Redaction redaction_of(const config::Settings& settings);

class IncidentLog {
 public:
  // `suppressed` counts the lines that were not written.
  IncidentLog(Log& log, http::Redaction redaction, Counter& suppressed)
      : log_(log), redaction_(std::move(redaction)), suppressed_(suppressed) {}

  // The settings have changed.
  void set_redaction(http::Redaction redaction) { redaction_ = std::move(redaction); }

  struct RefusedRequest {
    std::string_view reason;  // a literal: the `reason` of the metric
    int status = 0;           // 0: no answer was sent
    std::string_view target;  // raw
    const IpAddress& client;
    std::string_view detail;         // without secrets; may be empty
    std::string_view endpoint = {};  // empty: the request is for no endpoint's path
  };
  void on_refusal(const RefusedRequest& request, MonoTime now);

  struct ClosedClient {
    std::string_view reason;  // a literal: the `reason` of the metric
    std::string_view endpoint;
    std::string_view user;  // empty: none
    std::string address;
    std::string_view connection_id;
    LogLevel level = LogLevel::info;
  };
  void on_close(const ClosedClient& client, MonoTime now);

  // A client subscribes to a name that contains `*`. That is valid, but matches only this literal name.
  void on_literal_star(std::string_view channel, std::string_view endpoint, MonoTime now);

 private:
  std::optional<std::uint64_t> admit(std::string_view kind, MonoTime now);

  Log& log_;
  http::Redaction redaction_;
  Counter& suppressed_;
  LineSampler sampler_;
};

}  // namespace carillon::client
