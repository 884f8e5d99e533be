#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "config/settings.h"
#include "http/response.h"
#include "json/template.h"
#include "protocol/commands.h"

namespace carillon::protocol {

// The values for a template with config::kReplyVariables. Empty ones, and a code that is null, are null in
// the frame.
struct ReplyValues {
  WallTime now;
  const config::JsonWord* code = nullptr;
  std::string_view message{};
  std::string_view request{};  // valid JSON
  std::string_view channel{};
  std::string_view subject{};
  std::string_view position{};
  std::optional<bool> recovered{};
  std::string_view reason{};
  std::string_view events{};  // a JSON array
  std::optional<bool> more{};
};
void render_reply(const json::Template& reply, const ReplyValues& values, std::string& out);

// What is wrong with a command of a client.
struct ErrorValues {
  ErrorKind kind = ErrorKind::invalid_request;
  ErrorDetail detail = ErrorDetail::none;
  std::string_view request{};  // the command; empty when it is not JSON
  std::string_view channel{};  // that it is about; empty when it is about none, or several
};

// The values of a frame with config::kGapVariables; empty ones are null.
struct GapValues {
  std::string_view channel{};  // empty: all of the client's
  std::optional<std::uint64_t> count{};
  std::string_view before{};
  std::string_view after{};
  std::string_view reason{};  // "slow", "bus", or that of a resume (gateway/resume.h)
};

// An HTTP response instead of the upgrade.
class RefusalReply {
 public:
  static RefusalReply compile(const config::Refusal& settings);
  http::Response at(WallTime now) const;

 private:
  http::Response response_;
  std::optional<json::Template> body_;
};

// Replies: frames for a single client, rendered from the templates of its protocol.
//
// Pure; any thread; immutable once compiled.
class Replies {
 public:
  static Replies compile(const config::EndpointSettings& settings);

  // Appends the frame's payload to `out`. Returns false, and appends nothing, when the protocol has no such
  // frame.
  bool error(const ErrorValues& error, WallTime now, std::string& out) const;
  // Whether the error's frame repeats something of the command.
  bool error_repeats_request() const;
  // `position`: empty: null in the frame.
  bool ping(std::string_view position, WallTime now, std::string& out) const;
  // `subject`: of the client's token; empty: null in the frame.
  bool open(std::string_view connection_id, std::string_view subject, std::string_view position, WallTime now,
            std::string& out) const;
  // Events were missed.
  bool gap(const GapValues& gap, WallTime now, std::string& out) const;
  bool has_gap() const { return gap_.has_value(); }
  // The connection to the bus is lost, or back.
  bool degraded(WallTime now, std::string& out) const;
  bool restored(WallTime now, std::string& out) const;
  // Whether open() has a frame.
  bool has_open() const { return open_.has_value(); }
  bool expired(WallTime now, std::string& out) const;
  // `retry`: how long the client should wait before it reconnects.
  bool drain(WallTime now, milliseconds retry, std::string& out) const;

 private:
  const config::ErrorText& text_of(ErrorKind kind) const;

  config::ErrorSettings errors_;
  std::optional<json::Template> open_;
  std::optional<json::Template> error_;
  std::optional<json::Template> ping_;
  std::optional<json::Template> gap_;
  std::optional<json::Template> degraded_;
  std::optional<json::Template> restored_;
  std::optional<json::Template> expired_;
  std::optional<json::Template> drain_;
};

}  // namespace carillon::protocol
