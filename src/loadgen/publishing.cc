#include "loadgen/publishing.h"

#include <algorithm>
#include <array>
#include <utility>

#include "json/writer.h"

namespace carillon::loadgen {
namespace {

using namespace std::string_view_literals;

constexpr std::array kNames{"channel"sv, "data"sv};
constexpr std::size_t kReplyLineBytesMax = 4096;
constexpr auto kNatsConnect =
    R"(CONNECT {"verbose":false,"pedantic":false,"lang":"carillon","version":"1"})"sv;

void append_bulk(std::string& out, std::string_view text) {
  out += '$' + std::to_string(text.size()) + "\r\n";
  out.append(text) += "\r\n";
}

void append_event(std::string& out, const OutgoingEvent& event) {
  json::ObjectWriter writer(out);
  writer.member("channel", event.channel).raw_member("data", event.data);
}

// Passes each complete line to take_line(), without its line end, and keeps an incomplete one in `begun`.
// Stops at a line that breaks the protocol; an overlong one does.
template <class TakeLine>
void read_lines(std::string& begun, std::string_view bytes, Answers& answers, TakeLine&& take_line) {
  while (!bytes.empty() && !answers.broken) {
    const std::size_t end = bytes.find('\n');
    begun.append(bytes.substr(0, end));
    if (begun.size() > kReplyLineBytesMax) answers.broken = true;
    if (end == std::string_view::npos || answers.broken) return;
    bytes.remove_prefix(end + 1);
    while (begun.ends_with('\r')) begun.pop_back();
    take_line();
    begun.clear();
  }
}

}  // namespace

void RedisProtocol::append_request(std::string& out, std::span<const OutgoingEvent> events) {
  out += "*3\r\n$7\r\nPUBLISH\r\n";
  append_bulk(out, events.front().channel);
  append_bulk(out, events.front().data);
}

// PUBLISH is answered by one line: an integer, or an error.
Answers RedisProtocol::read_answers(std::string_view bytes) {
  Answers answers;
  read_lines(line_, bytes, answers, [&] {
    if (line_.starts_with(':')) {
      ++answers.good;
    } else if (line_.starts_with('-')) {
      ++answers.refused;
      answers.refusal = line_.substr(1, 200);
    } else {
      answers.broken = true;
    }
  });
  return answers;
}

void NatsProtocol::append_request(std::string& out, std::span<const OutgoingEvent> events) {
  if (!std::exchange(greeted_, true)) out.append(kNatsConnect) += "\r\n";
  for (; pongs_owed_ > 0; --pongs_owed_) out += "PONG\r\n";
  const OutgoingEvent& event = events.front();
  out += "PUB " + event.channel + ' ' + std::to_string(event.data.size()) + "\r\n";
  out.append(event.data) += "\r\nPING\r\n";
}

Answers NatsProtocol::read_answers(std::string_view bytes) {
  Answers answers;
  read_lines(line_, bytes, answers, [&] { read_line(answers); });
  return answers;
}

// An error arrives before the PONG of its event, or instead of it when the server closes.
void NatsProtocol::read_line(Answers& answers) {
  if (line_ == "PONG") {
    if (refused_ > 0) {
      --refused_;
    } else {
      ++answers.good;
    }
  } else if (line_ == "PING") {
    ++pongs_owed_;
  } else if (line_.starts_with("-ERR")) {
    ++refused_;
    ++answers.refused;
    answers.refusal = line_.substr(std::min<std::size_t>(line_.size(), 5), 200);
  } else if (!line_.starts_with("INFO ") && line_ != "+OK") {
    answers.broken = true;
  }
}

Answers HttpProtocol::read_answers(std::string_view bytes) {
  const AnswerReader::Count count = reader_.feed(bytes);
  Answers answers{count.good, count.refused, {}, count.closes, count.broken};
  if (count.refused > 0) answers.refusal = "HTTP status " + std::to_string(count.last_refusal);
  return answers;
}

void HttpProtocol::append_post(std::string& out, std::string_view target, std::string_view fields,
                               std::string_view body) {
  out += "POST ";
  out.append(target) += " HTTP/1.1\r\n";
  out.append(fields) += "Content-Length: ";
  out += std::to_string(body.size()) + "\r\n\r\n";
  out.append(body);
}

ApiProtocol::ApiProtocol(std::string target, std::string_view host_header, std::string_view api_key)
    : target_(std::move(target)) {
  fields_ = "Host: " + std::string(host_header) + "\r\nContent-Type: application/json\r\n";
  if (!api_key.empty()) fields_.append("Authorization: Bearer ").append(api_key) += "\r\n";
}

void ApiProtocol::append_request(std::string& out, std::span<const OutgoingEvent> events) {
  std::string body;
  if (events.size() == 1) {
    append_event(body, events.front());
  } else {
    for (const OutgoingEvent& event : events) {
      body += body.empty() ? '[' : ',';
      append_event(body, event);
    }
    body += ']';
  }
  append_post(out, target_, fields_, body);
}

PostProtocol::PostProtocol(std::string_view target, std::string_view host_header,
                           std::span<const std::string> headers, std::string_view body)
    : target_(target, kNames), body_(body, kNames) {
  fields_ = "Host: " + std::string(host_header) + "\r\n";
  bool typed = false;
  for (const std::string& header : headers) {
    fields_ += header + "\r\n";
    std::string name = header.substr(0, header.find(':'));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    typed = typed || name == "content-type";
  }
  if (!typed) fields_ += "Content-Type: application/json\r\n";
}

void PostProtocol::append_request(std::string& out, std::span<const OutgoingEvent> events) {
  const std::array<std::string_view, 2> values{events.front().channel, events.front().data};
  std::string target;
  std::string body;
  target_.append(target, values);
  body_.append(body, values);
  append_post(out, target, fields_, body);
}

}  // namespace carillon::loadgen
