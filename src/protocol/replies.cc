#include "protocol/replies.h"

#include <algorithm>
#include <array>

#include "config/frame_variables.h"
#include "protocol/time_values.h"

namespace carillon::protocol {
namespace {

json::TemplateValue text_or_null(std::string_view text) {
  return text.empty() ? json::TemplateValue::raw("null") : json::TemplateValue::string(text);
}

json::TemplateValue word_or_null(const config::JsonWord* word) {
  if (!word) return json::TemplateValue::raw("null");
  return word->kind == config::JsonWord::Kind::string ? text_or_null(word->text)
                                                      : json::TemplateValue::raw(word->text);
}

json::TemplateValue truth_or_null(std::optional<bool> truth) {
  return json::TemplateValue::raw(!truth ? "null" : *truth ? "true" : "false");
}

// A template with config::kTimeVariables.
void render_at(const json::Template& frame, WallTime now, std::string& out) {
  const TimeValues times(now);
  frame.render(times.after(std::array<json::TemplateValue, 0>{}), out);
}

// A template with config::kStatusVariables.
bool render_status(const std::optional<json::Template>& frame, WallTime now, std::string& out) {
  if (!frame) return false;
  const TimeValues times(now);
  frame->render(times.after(std::array{json::TemplateValue::string("bus")}), out);
  return true;
}

}  // namespace

void render_reply(const json::Template& reply, const ReplyValues& values, std::string& out) {
  const TimeValues times(values.now);
  // In the order of config::kReplyVariables.
  reply.render(times.after(std::array{word_or_null(values.code), text_or_null(values.message),
                                      json::TemplateValue::raw(values.request), text_or_null(values.channel),
                                      text_or_null(values.subject), text_or_null(values.position),
                                      truth_or_null(values.recovered), text_or_null(values.reason),
                                      json::TemplateValue::raw(values.events), truth_or_null(values.more)}),
               out);
}

RefusalReply RefusalReply::compile(const config::Refusal& settings) {
  RefusalReply refusal;
  refusal.response_.status = settings.status;
  refusal.response_.keep_alive = http::KeepAlive::close;
  refusal.body_ = json::template_if_any(settings.body, config::kTimeVariables);
  for (const std::string& line : settings.headers) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;  // config/ has refused it
    refusal.response_.headers.emplace_back(
        line.substr(0, colon), std::string(http::trimmed(std::string_view(line).substr(colon + 1))));
  }
  const auto& headers = refusal.response_.headers;
  const bool challenges = std::any_of(headers.begin(), headers.end(), [](const auto& header) {
    return http::equal_ignoring_case(header.first, "WWW-Authenticate");
  });
  // RFC 9110 section 15.5.2: a 401 carries a challenge.
  if (settings.status == 401 && !challenges) {
    refusal.response_.headers.emplace_back("WWW-Authenticate", "Bearer");
  }
  return refusal;
}

http::Response RefusalReply::at(WallTime now) const {
  http::Response response = response_;
  if (body_) render_at(*body_, now, response.body);
  return response;
}

Replies Replies::compile(const config::EndpointSettings& settings) {
  Replies replies;
  replies.errors_ = settings.errors;
  replies.open_ = json::template_if_any(settings.frames.open, config::kOpenVariables);
  replies.error_ = json::template_if_any(settings.frames.error, config::kReplyVariables);
  replies.ping_ = json::template_if_any(settings.frames.ping, config::kPingVariables);
  replies.gap_ = json::template_if_any(settings.frames.gap, config::kGapVariables);
  replies.degraded_ = json::template_if_any(settings.frames.degraded, config::kStatusVariables);
  replies.restored_ = json::template_if_any(settings.frames.restored, config::kStatusVariables);
  replies.expired_ = json::template_if_any(settings.auth.expired_frame, config::kTimeVariables);
  replies.drain_ = json::template_if_any(settings.frames.drain, config::kDrainVariables);
  return replies;
}

bool Replies::error_repeats_request() const {
  constexpr std::size_t kRequest = 2;  // among config::kReplyVariables
  static_assert(config::kReplyVariables[kRequest] == "request");
  return error_ && error_->uses(kRequest);
}

bool Replies::error(const ErrorValues& error, WallTime now, std::string& out) const {
  if (!error_) return false;
  const config::ErrorText& text = text_of(error.kind);
  std::string message = text.message;
  if (const std::string& more = errors_.details[error.detail]; !more.empty())
    message.append(": ").append(more);
  render_reply(*error_,
               {.now = now,
                .code = &text.code,
                .message = message,
                .request = error.request,
                .channel = error.channel},
               out);
  return true;
}

bool Replies::open(std::string_view connection_id, std::string_view subject, std::string_view position,
                   WallTime now, std::string& out) const {
  if (!open_) return false;
  const TimeValues times(now);
  open_->render(times.after(std::array{json::TemplateValue::string(connection_id), text_or_null(subject),
                                       text_or_null(position)}),
                out);
  return true;
}

bool Replies::ping(std::string_view position, WallTime now, std::string& out) const {
  if (!ping_) return false;
  const TimeValues times(now);
  ping_->render(times.after(std::array{text_or_null(position)}), out);
  return true;
}

bool Replies::gap(const GapValues& gap, WallTime now, std::string& out) const {
  if (!gap_) return false;
  const TimeValues times(now);
  const std::string count = gap.count ? std::to_string(*gap.count) : "null";
  gap_->render(times.after(std::array{text_or_null(gap.channel), json::TemplateValue::raw(count),
                                      text_or_null(gap.before), text_or_null(gap.after),
                                      json::TemplateValue::string(gap.reason)}),
               out);
  return true;
}

bool Replies::degraded(WallTime now, std::string& out) const { return render_status(degraded_, now, out); }

bool Replies::restored(WallTime now, std::string& out) const { return render_status(restored_, now, out); }

bool Replies::expired(WallTime now, std::string& out) const {
  if (expired_) render_at(*expired_, now, out);
  return expired_.has_value();
}

bool Replies::drain(WallTime now, milliseconds retry, std::string& out) const {
  if (!drain_) return false;
  const TimeValues times(now);
  const std::string retry_ms = std::to_string(retry.count());
  drain_->render(times.after(std::array{json::TemplateValue::raw(retry_ms)}), out);
  return true;
}

const config::ErrorText& Replies::text_of(ErrorKind kind) const {
  switch (kind) {
    case ErrorKind::invalid_request:
      break;
    case ErrorKind::unauthorized:
      return errors_.unauthorized;
    case ErrorKind::subscription_failed:
      return errors_.subscription_failed;
    case ErrorKind::internal_error:
      return errors_.internal_error;
    case ErrorKind::rate_limited:
      return errors_.rate_limited;
  }
  return errors_.invalid_request;
}

}  // namespace carillon::protocol
