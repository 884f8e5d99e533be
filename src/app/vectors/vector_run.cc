#include "app/vectors/vector_run.h"

#include <algorithm>
#include <utility>

namespace carillon::app {
namespace {

// What a vector writes to mean that something is there, whatever it is.
constexpr std::string_view kAny = "$any";
constexpr std::size_t kFilledBytesMax = 4096;

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string all;
  for (const std::string& part : parts) all.append(all.empty() ? "" : separator).append(part);
  return all;
}

std::string shown(const std::vector<ReceivedFrame>& frames) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> all;
  for (const ReceivedFrame& frame : frames) {
    if (all.size() == kShown) {
      all.push_back("and " + std::to_string(frames.size() - kShown) + " more");
      break;
    }
    all.push_back(frame.shown());
  }
  return joined(all, ", ");
}

}  // namespace

VectorRun::VectorRun(const TestVector& vector, VirtualGateway& gateway, const RunKeys& keys,
                     JsonComparison how)
    : vector_(vector),
      gateway_(gateway),
      keys_(keys),
      how_(how),
      ends_at_(mono_now() + kRealTimeMax),
      logs_before_(gateway.log().lines().size()) {}

const std::vector<VectorRun::Verb>& VectorRun::verbs() {
  static const std::vector<Verb> all = {
      {"connect", &VectorRun::connect}, {"publish", &VectorRun::publish},
      {"send", &VectorRun::send},       {"expect", &VectorRun::expect},
      {"wait", &VectorRun::wait},       {"connections", &VectorRun::connections},
      {"drop", &VectorRun::drop},       {"stop_reading", &VectorRun::stop_reading},
      {"read", &VectorRun::read},       {"drain", &VectorRun::drain},
      {"log", &VectorRun::log},         {"never_logged", &VectorRun::never_logged},
      {"http", &VectorRun::http},
  };
  return all;
}

std::optional<VectorFailure> VectorRun::run() {
  std::size_t number = 0;
  for (const json::Value& step : vector_.steps) {
    ++number;
    if (auto mismatch = carry_out(step)) return failure(number, std::move(*mismatch));
  }
  if (auto mismatch = nothing_left()) return failure(0, std::move(*mismatch));
  return std::nullopt;
}

// A step "real" is for a real process, and has no verb here.
VectorRun::Outcome VectorRun::carry_out(Step step) {
  for (const Verb& verb : verbs()) {
    if (!step.members().begin()->named(verb.name)) continue;
    if (auto mismatch = (this->*verb.act)(step)) return mismatch;
    pump();
    return within_bounds();
  }
  return std::nullopt;
}

VectorRun::Outcome VectorRun::connect(Step step) {
  const bool has_number = step.find("times").has_value();
  for (std::int64_t i = 1; i <= number_at(step, "times", 1); ++i) {
    const std::string name = text_at(step, "connect") + (has_number ? std::to_string(i) : "");
    if (auto mismatch = connect_one(step, name, i)) return mismatch;
    if (auto mismatch = within_bounds()) return mismatch;
  }
  return std::nullopt;
}

VectorRun::Outcome VectorRun::connect_one(Step step, const std::string& name, std::int64_t number) {
  last_token_ = token_of(step, keys_, gateway_.wall_now());
  const std::string address =
      replaced(text_at(step, "from", "127.0.0.1"), "$hundred", std::to_string((number - 1) / 100));
  const int fd = gateway_.connect(address);
  gateway_.sockets().send(fd, upgrade_request(step, last_token_, keys_));
  gateway_.settle();
  const ReceivedAnswer answer = parse_answer(gateway_.sockets().take(fd));
  if (const auto refused = step.find("refused")) return check_answer(*refused, answer);
  if (answer.status != 101) {
    return Mismatch{name + " must connect", "101", std::to_string(answer.status) + " " + answer.body};
  }
  clients_[name] = Client{.fd = fd, .answers_pings = step.find("pongs").has_value(), .bytes = answer.body};
  return std::nullopt;
}

VectorRun::Outcome VectorRun::check_answer(const json::Value& expected, const ReceivedAnswer& answer) {
  const json::Value statuses = expected.find("status").value_or(json::Value());
  bool is_among = statuses.integer() == answer.status;
  for (const json::Value& each : statuses.elements()) is_among = is_among || each.integer() == answer.status;
  if (!is_among) {
    return Mismatch{
        "the status", std::string(statuses.raw()),
        std::to_string(answer.status) + (answer.status == 101 ? ", it is connected" : " " + answer.body)};
  }
  if (const auto headers = expected.find("headers")) {
    for (const json::Member& member : headers->members()) {
      const auto came = answer.header(member.name().value_or(""));
      const bool is_equal = member.value.is(json::Type::null) ? !came
                            : member.value.equals(kAny)       ? came.has_value()
                                                              : came && member.value.equals(*came);
      if (!is_equal) {
        return Mismatch{"the header " + std::string(member.raw_name), std::string(member.value.raw()),
                        came.value_or("none")};
      }
    }
  }
  return check_body(expected, answer);
}

VectorRun::Outcome VectorRun::check_body(const json::Value& expected, const ReceivedAnswer& answer) {
  if (const auto body = expected.find("body")) {
    Comparison found = compare(*body, answer.body, {.at = gateway_.wall_now(), .uuid = uuid_}, how_);
    if (!found.is_equal) {
      return Mismatch{"the body", std::move(found.expected), answer.body, std::move(found.differences)};
    }
  }
  if (const auto members = expected.find("json")) {
    const auto parsed = json::parse(answer.body, {.duplicates = json::Duplicates::allow});
    for (const json::Member& member : members->members()) {
      const auto came = parsed ? parsed->find(member.name().value_or("")) : std::nullopt;
      const std::string text(came ? came->raw() : "nothing");
      Comparison found = compare(json::Value::of_valid(member.value.raw()), text,
                                 {.at = gateway_.wall_now(), .uuid = uuid_}, how_);
      const bool is_same_text =
          came && member.value.is(json::Type::string) && came->string() == member.value.string();
      if (!found.is_equal && !is_same_text) {
        return Mismatch{"the member " + std::string(member.raw_name) + " of the body",
                        std::move(found.expected), text};
      }
    }
  }
  return std::nullopt;
}

VectorRun::Outcome VectorRun::publish(Step step) {
  const auto body = step.find("body");
  const bool has_count = step.find("count").has_value();
  std::string text = body ? wire_text(*body) : bytes_of_hex(text_at(step, "body_hex"));
  // Makes large events of a short vector; in a long one it would make more than fits into memory.
  if (text.size() <= kFilledBytesMax) text = replaced(std::move(text), "$fill", std::string(4000, 'x'));
  for (std::int64_t n = 1; n <= number_at(step, "count", 1); ++n) {
    const std::string why = gateway_.publish(text_at(step, "publish"),
                                             has_count ? replaced(text, "$n", std::to_string(n)) : text);
    if (!why.empty()) return Mismatch{why};
    pump();
    if (auto mismatch = within_bounds()) return mismatch;
  }
  return std::nullopt;
}

VectorRun::Outcome VectorRun::send(Step step) {
  const Client& client = clients_.at(text_at(step, "send"));
  const std::string bytes = message_bytes(step);
  for (std::int64_t n = 0; n < number_at(step, "count", 1); ++n) {
    gateway_.sockets().send(client.fd, bytes);
    bytes_ += bytes.size();
    pump();
    if (auto mismatch = within_bounds()) return mismatch;
  }
  return std::nullopt;
}

VectorRun::Outcome VectorRun::wait(Step step) {
  const MonoTime end = gateway_.now() + parse_step_duration(text_at(step, "wait")).value_or(milliseconds(0));
  while (gateway_.now() < end) {
    gateway_.step_until(end);
    pump();
    if (auto mismatch = within_bounds()) return mismatch;
  }
  return std::nullopt;
}

VectorRun::Outcome VectorRun::connections(Step step) {
  for (const json::Member& member : step.find("connections")->members()) {
    const std::string endpoint = member.name().value_or("");
    const auto came = gateway_.connections(endpoint);
    if (!came) return Mismatch{"there is no endpoint \"" + endpoint + "\""};
    if (std::to_string(*came) != member.value.raw()) {
      return Mismatch{"connections of " + endpoint, std::string(member.value.raw()), std::to_string(*came)};
    }
  }
  return std::nullopt;
}

VectorRun::Outcome VectorRun::drop(Step step) {
  const std::string name = text_at(step, "drop");
  gateway_.sockets().break_off(clients_.at(name).fd);
  clients_.erase(name);
  return std::nullopt;
}

VectorRun::Outcome VectorRun::stop_reading(Step step) {
  gateway_.sockets().set_reads(clients_.at(text_at(step, "stop_reading")).fd, VirtualSockets::Reads::no);
  return std::nullopt;
}

VectorRun::Outcome VectorRun::read(Step step) {
  gateway_.sockets().set_reads(clients_.at(text_at(step, "read")).fd, VirtualSockets::Reads::yes);
  return std::nullopt;
}

VectorRun::Outcome VectorRun::drain(Step) {
  gateway_.begin_drain();
  return std::nullopt;
}

VectorRun::Outcome VectorRun::log(Step step) {
  const json::Value expected = *step.find("log");
  const std::string message = text_at(expected, "message");
  const auto& lines = gateway_.log().lines();
  while (logs_seen_ < lines.size() && lines[logs_seen_].message != message) ++logs_seen_;
  if (logs_seen_ == lines.size()) return Mismatch{"there is no further log line \"" + message + "\""};
  const KeptLog::Line& line = lines[logs_seen_++];
  for (const json::Member& member : expected.members()) {
    const std::string name = member.name().value_or("");
    if (name == "message" || name == "timestamp") continue;  // the writer's
    const auto field = line.fields.find(name);
    std::string came = field == line.fields.end() ? "" : field->second;
    if (name == "level") came = line.level == LogLevel::warning ? "warning" : "info";
    if (member.value.equals(kAny) ? came.empty() : came != wire_text(member.value)) {
      return Mismatch{name + " of the log line", wire_text(member.value), came.empty() ? "nothing" : came};
    }
  }
  return std::nullopt;
}

VectorRun::Outcome VectorRun::never_logged(Step step) {
  const std::string text = replaced(text_at(step, "never_logged"), "$token", last_token_);
  for (const KeptLog::Line& line : gateway_.log().lines()) {
    if (line.text().find(text) != std::string::npos) return Mismatch{"a log line has it: " + line.text()};
  }
  return std::nullopt;
}

VectorRun::Outcome VectorRun::http(Step step) {
  const int fd = gateway_.connect("127.0.0.1");
  gateway_.sockets().send(fd, http_request(step, last_token_, keys_));
  gateway_.settle();
  return check_answer(*step.find("answer"), parse_answer(gateway_.sockets().take(fd)));
}

VectorRun::Outcome VectorRun::expect(Step step) {
  const std::string name = text_at(step, "expect");
  Client& client = clients_.at(name);
  const json::Value expected = *step.find("frames");
  if (auto mismatch = check_frames(expected, client, name)) return mismatch;
  client.frames.clear();
  return std::nullopt;
}

VectorRun::Outcome VectorRun::check_frames(const json::Value& expected, const Client& client,
                                           const std::string& name) {
  const std::vector<ReceivedFrame>& frames = client.frames;
  std::size_t at = 0;
  bool skips = false;
  const auto skip_texts = [&] {
    while (skips && at < frames.size() && frames[at].kind == ReceivedFrame::Kind::text) ++at;
    skips = false;
  };
  for (const json::Value& each : expected.elements()) {
    if (each.equals("...")) {
      skips = true;
      continue;
    }
    const bool has_count = each.find("count").has_value();
    for (std::int64_t n = 1; n <= number_at(each, "count", 1); ++n, ++at) {
      skip_texts();
      const std::string what = "frame " + std::to_string(at + 1) + " of " + name;
      if (auto mismatch =
              check_frame(each, at < frames.size() ? &frames[at] : nullptr, what, has_count ? n : 0)) {
        return mismatch;
      }
    }
  }
  skip_texts();
  if (at == frames.size()) return std::nullopt;
  return Mismatch{"frame " + std::to_string(at + 1) + " of " + name, "nothing",
                  shown({frames.begin() + static_cast<std::ptrdiff_t>(at), frames.end()})};
}

VectorRun::Outcome VectorRun::check_frame(const json::Value& expected, const ReceivedFrame* frame,
                                          const std::string& what, std::int64_t n) {
  using Kind = ReceivedFrame::Kind;
  constexpr std::pair<std::string_view, Kind> kKinds[] = {
      {"text", Kind::text}, {"binary", Kind::binary}, {"ping", Kind::ping}, {"pong", Kind::pong}};
  const std::string came = frame != nullptr ? frame->shown() : "nothing";
  for (const auto& [name, kind] : kKinds) {
    const auto payload = expected.find(name);
    if (!payload) continue;
    const bool is_kind = frame != nullptr && frame->kind == kind;
    Comparison found =
        compare(*payload, is_kind ? frame->payload : "",
                {.at = frame != nullptr ? frame->at : gateway_.wall_now(), .n = n, .uuid = uuid_}, how_);
    if (is_kind && found.is_equal) return std::nullopt;
    if (!is_kind) found.differences.clear();
    return Mismatch{what, std::string(name) + " " + found.expected, came, std::move(found.differences)};
  }
  ReceivedFrame close{.kind = Kind::end};
  if (const auto code = expected.find("close")) {
    close = {.kind = Kind::close, .payload = text_at(expected, "reason")};
    if (const auto number = code->integer()) close.code = static_cast<std::uint16_t>(*number);
  }
  if (came == close.shown()) return std::nullopt;
  return Mismatch{what, close.shown(), came};
}

VectorRun::Outcome VectorRun::nothing_left() {
  for (const auto& [name, client] : clients_) {
    if (client.frames.empty()) continue;
    return Mismatch{name + " has also received", "nothing", shown(client.frames)};
  }
  return std::nullopt;
}

VectorRun::Outcome VectorRun::within_bounds() const {
  if (mono_now() > ends_at_) {
    return Mismatch{"it takes longer than " + std::to_string(kRealTimeMax.count()) +
                    " s; make the vector smaller"};
  }
  if (bytes_ > kBytesMax) {
    return Mismatch{"its clients send and receive more than 256 MiB; make the vector smaller"};
  }
  if (gateway_.log().has_dropped()) {
    return Mismatch{"the gateway logs more than " + std::to_string(KeptLog::kLinesMax) +
                    " lines; make the vector smaller"};
  }
  return std::nullopt;
}

// Runs until nothing more happens at this moment: clients that answer pings send their pongs.
void VectorRun::pump() {
  gateway_.settle();
  for (bool again = true; again;) {
    again = false;
    for (auto& [name, client] : clients_) again = collect(client) || again;
    if (again) gateway_.settle();
  }
}

// Returns whether the client has answered something.
bool VectorRun::collect(Client& client) {
  const std::string bytes = gateway_.sockets().take(client.fd);
  bytes_ += bytes.size();
  client.bytes += bytes;
  std::string_view rest = client.bytes;
  bool has_answered = false;
  while (auto frame = take_frame(rest)) {
    frame->at = gateway_.wall_now();
    bytes_ += sizeof(ReceivedFrame);  // many small frames take memory, too
    if (client.answers_pings && frame->kind == ReceivedFrame::Kind::ping) {
      gateway_.sockets().send(client.fd, pong_bytes(frame->payload));
      has_answered = true;
    }
    client.frames.push_back(std::move(*frame));
  }
  client.bytes.erase(0, client.bytes.size() - rest.size());
  if (!client.has_ended && gateway_.sockets().is_ended(client.fd)) {
    client.has_ended = true;
    const bool has_close = !client.frames.empty() && client.frames.back().kind == ReceivedFrame::Kind::close;
    if (!has_close) client.frames.push_back({.kind = ReceivedFrame::Kind::end, .at = gateway_.wall_now()});
  }
  return has_answered;
}

VectorFailure VectorRun::failure(std::size_t step, Mismatch mismatch) const {
  VectorFailure failure{.step = step, .mismatch = std::move(mismatch)};
  if (step > 0) failure.step_text = wire_text(json::Value::of_valid(vector_.steps[step - 1].raw()));
  const auto& lines = gateway_.log().lines();
  const std::size_t shown = std::min(lines.size() - logs_before_, kLogLinesShown);
  for (std::size_t i = lines.size() - shown; i < lines.size(); ++i) failure.log.push_back(lines[i].text());
  for (std::size_t i = 0; i < std::min(step, vector_.steps.size()); ++i) {
    const auto channel = vector_.steps[i].find("publish");
    if (!channel || gateway_.carries(channel->string().value_or(""))) continue;
    failure.log.push_back("step " + std::to_string(i + 1) +
                          ": no source.channels or source.broadcast takes " + std::string(channel->raw()));
    break;
  }
  return failure;
}

}  // namespace carillon::app
