// WireRun: runs one golden vector on a ShardStage, on fake time.
//
// Every frame is recorded with the fake time at which it was sent, so that its $time is exact. Steps under
// "real" are for the real binary (tests/integration/wire_vectors.test.mjs); here only their form is checked.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/testing/shard_stage.h"
#include "gateway/testing/wire_request.h"
#include "gateway/testing/wire_vector.h"

namespace carillon::gateway::testing {

class WireRun {
 public:
  explicit WireRun(const WireVector& vector) : vector_(vector), stage_(vector.toml()) {}

  void run() {
    const auto steps = vector_.vector.find("steps");
    std::size_t number = 0;
    if (steps) {
      for (const json::Value& step : steps->elements()) {
        SCOPED_TRACE("step " + std::to_string(++number) + ": " + std::string(step.raw()));
        if (vector_.is_for_the_binary_only()) {
          check_form(step);
        } else {
          carry_out(step);
        }
      }
    }
    EXPECT_GT(number, 0U) << "a vector without steps tests nothing";
    for (auto& [name, client] : clients_) {
      for (const Frame& frame : client.frames) ADD_FAILURE() << name << ": unexpected frame: " << frame.words;
    }
  }

 private:
  struct Frame {
    std::string words;  // of words_of(), or "end": closed without a close frame
    WallTime at;
  };
  struct Client {
    int fd = -1;
    bool answers_pings = false;
    bool has_ended = false;
    std::string bytes;  // of a frame that is not whole
    std::vector<Frame> frames;
  };
  using Step = const json::Value&;
  struct Verb {
    std::string_view name;
    std::vector<std::string_view> with;
    void (WireRun::*act)(Step);  // null: only the real binary can
  };

  static const std::vector<Verb>& verbs() {
    static const std::vector<Verb> all = {
        {"connect",
         {"target", "method", "headers", "plain", "token", "signed", "from", "listener", "refused", "times",
          "pongs"},
         &WireRun::connect},
        {"publish", {"body", "body_hex", "count"}, &WireRun::publish},
        {"expect", {"frames"}, &WireRun::expect},
        {"send",
         {"text", "binary", "ping", "pong", "close", "reason", "fragments", "hex", "repeat", "count"},
         &WireRun::send},
        {"wait", {}, &WireRun::wait},
        {"connections", {}, &WireRun::count},
        {"drop", {}, &WireRun::drop},
        {"stop_reading", {}, &WireRun::stop_reading},
        {"read", {}, &WireRun::read},
        {"drain", {}, &WireRun::drain},
        {"log", {}, &WireRun::log},
        {"never_logged", {}, &WireRun::never_logged},
        {"real", {}, &WireRun::check_real},
        {"http", {"headers", "body", "answer"}, nullptr},
    };
    return all;
  }

  // The verb that a step's first member names. Null, and a failure, when the step is malformed.
  static const Verb* verb_of(Step step) {
    const Verb* verb = nullptr;
    for (const json::Member& member : step.members()) {
      if (!verb) {
        for (const Verb& each : verbs()) {
          if (each.name == member.raw_name) verb = &each;
        }
        if (!verb) break;
      } else if (std::find(verb->with.begin(), verb->with.end(), member.raw_name) == verb->with.end()) {
        ADD_FAILURE() << verb->name << " has no member " << member.raw_name;
        return nullptr;
      }
    }
    if (!verb) ADD_FAILURE() << "unknown step";
    return verb;
  }

  void carry_out(Step step) {
    const Verb* verb = verb_of(step);
    if (!verb) return;
    if (!verb->act) {
      ADD_FAILURE() << verb->name << " is for the real binary: put it under \"real\"";
      return;
    }
    (this->*verb->act)(step);
    pump();
  }
  void check_form(Step step) {
    const Verb* verb = verb_of(step);
    if (verb && verb->name == "real") check_real(step);
  }
  void check_real(Step step) {
    for (const json::Value& each : step.find("real")->elements()) check_form(each);
  }

  // --- steps ---

  void connect(Step step) {
    const std::int64_t times = number_at(step, "times", 1);
    for (std::int64_t i = 1; i <= times; ++i) {
      const std::string name = text_at(step, "connect") + (times > 1 ? std::to_string(i) : "");
      last_token_ = token_of(step, stage_.loop.wall_now());
      const std::string request = bytes_of_request(step, last_token_);
      const std::string from =
          replaced(text_at(step, "from", "127.0.0.1"), "$hundred", std::to_string((i - 1) / 100));
      const Answer answer = stage_.ask(request, from);
      if (const auto refused = step.find("refused")) {
        check_refusal(*refused, answer, stage_.loop.wall_now());
        EXPECT_TRUE(stage_.sockets[stage_.last_fd].shut_down) << "the connection must be closed cleanly";
        continue;
      }
      EXPECT_EQ(answer.head.substr(0, 13), "HTTP/1.1 101 ") << answer.head << answer.body;
      Client& client = clients_[name] = Client{};
      client.fd = stage_.last_fd;
      client.answers_pings = step.find("pongs").has_value();
      client.bytes = answer.body;
    }
  }

  void publish(Step step) {
    const auto body = step.find("body");
    const std::string text = replaced(body ? wire_text(*body) : bytes_of_hex(text_at(step, "body_hex")),
                                      "$fill", std::string(4000, 'x'));
    for (std::int64_t n = 1; n <= number_at(step, "count", 1); ++n) {
      stage_.publish(text_at(step, "publish"), replaced(text, "$n", std::to_string(n)));
      pump();
    }
  }

  void send(Step step) {
    const Client* client = client_of(text_at(step, "send"));
    if (!client) return;
    for (std::int64_t n = 0; n < number_at(step, "count", 1); ++n) {
      stage_.send(client->fd, bytes_of(step));
      pump();
    }
  }
  static std::string bytes_of(Step step) {
    using websocket::Fin;
    using websocket::Opcode;
    const auto payload = [&step](std::string_view key) {
      const std::string once = wire_text(*step.find(key));
      std::string all;
      for (std::int64_t n = 0; n < number_at(step, "repeat", 1); ++n) all += once;
      return all;
    };
    if (step.find("hex")) return bytes_of_hex(text_at(step, "hex"));
    if (step.find("text")) return client_frame(Opcode::text, payload("text"));
    if (step.find("binary")) return client_frame(Opcode::binary, payload("binary"));
    if (step.find("ping")) return client_frame(Opcode::ping, payload("ping"));
    if (step.find("pong")) return client_frame(Opcode::pong, payload("pong"));
    if (const auto code = step.find("close")) {
      if (code->is(json::Type::null)) return client_frame(Opcode::close, "");
      return client_close(static_cast<std::uint16_t>(code->integer().value_or(0)), text_at(step, "reason"));
    }
    const std::vector<std::string> parts = texts_at(step, "fragments");
    EXPECT_FALSE(parts.empty()) << "the step has nothing to send";
    std::string bytes;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      std::string part;
      for (std::int64_t n = 0; n < number_at(step, "repeat", 1); ++n) part += parts[i];
      bytes += client_frame(i == 0 ? Opcode::text : Opcode::continuation, part,
                            i + 1 == parts.size() ? Fin::yes : Fin::no);
    }
    return bytes;
  }

  void wait(Step step) {
    const auto duration = duration_of(text_at(step, "wait"));
    if (!duration) {
      ADD_FAILURE() << "no duration; write \"15s\"";
      return;
    }
    const MonoTime end = stage_.loop.now() + *duration;
    while (stage_.loop.now() < end) {
      const MonoTime next = std::min({stage_.loop.turn_deadline(), stage_.loop.next_timer(), end});
      stage_.run_for(std::max<MonoClock::duration>(next - stage_.loop.now(), milliseconds(1)));
      pump();
    }
  }

  void count(Step step) {
    for (const json::Member& member : step.find("connections")->members()) {
      bool known = false;
      for (const Endpoint& endpoint : stage_.endpoints) {
        if (endpoint.settings.name != member.raw_name) continue;
        known = true;
        const auto wanted = static_cast<std::uint64_t>(member.value.integer().value_or(-1));
        EXPECT_EQ(stage_.open_connections(endpoint.index), wanted) << member.raw_name;
      }
      EXPECT_TRUE(known) << "there is no endpoint " << member.raw_name;
    }
  }

  void drop(Step step) {
    if (const Client* client = client_of(text_at(step, "drop"))) stage_.reset(client->fd);
    clients_.erase(text_at(step, "drop"));
  }
  void stop_reading(Step step) {
    if (const Client* client = client_of(text_at(step, "stop_reading")))
      stage_.sockets[client->fd].capacity = 0;
  }
  void read(Step step) {
    if (const Client* client = client_of(text_at(step, "read"))) {
      stage_.let_read(client->fd, FakeSocket::kEndless);
    }
  }
  void drain(Step) {
    stage_.admission.begin_drain();
    stage_.shard->begin_drain(seconds(1));
  }

  // The next line with that message must have those fields.
  void log(Step step) {
    const json::Value wanted = *step.find("log");
    const std::string message = text_at(wanted, "message");
    auto& records = stage_.log.records;
    while (logs_seen_ < records.size() && records[logs_seen_].message != message) ++logs_seen_;
    if (logs_seen_ == records.size()) {
      ADD_FAILURE() << "no such log line";
      return;
    }
    const RecordingLog::Record& record = records[logs_seen_++];
    for (const json::Member& member : wanted.members()) {
      if (member.raw_name == "message" || member.raw_name == "timestamp") continue;  // the writer's
      if (member.raw_name == "level") {
        EXPECT_EQ(text_of(member.value), record.level == LogLevel::warning ? "warning" : "info");
        continue;
      }
      const auto found = record.fields.find(std::string(member.raw_name));
      const std::string got = found == record.fields.end() ? "" : found->second;
      if (text_of(member.value) == "$any") {
        EXPECT_NE(got, "") << member.raw_name;
      } else {
        EXPECT_EQ(got, wire_text(member.value)) << member.raw_name;
      }
    }
  }
  void never_logged(Step step) {
    const std::string text = replaced(text_at(step, "never_logged"), "$token", last_token_);
    for (const std::string& line : stage_.log.lines) EXPECT_EQ(line.find(text), std::string::npos) << line;
  }

  // --- what arrives ---

  void expect(Step step) {
    Client* client = client_of(text_at(step, "expect"));
    const auto list = step.find("frames");
    if (!list || !list->is(json::Type::array)) {
      ADD_FAILURE() << "frames must be an array";
      return;
    }
    if (!client) return;
    const std::vector<Frame> got = std::exchange(client->frames, {});
    std::size_t at = 0;
    bool skip = false;
    for (const json::Value& wanted : list->elements()) {
      if (text_of(wanted) == "...") {
        skip = true;
        continue;
      }
      for (std::int64_t n = 1; n <= number_at(wanted, "count", 1); ++n, ++at) {
        while (skip && at < got.size() && got[at].words.starts_with("text ")) ++at;
        skip = false;
        if (!check_frame(wanted, n, at < got.size() ? &got[at] : nullptr, *client)) return;
      }
    }
    while (skip && at < got.size() && got[at].words.starts_with("text ")) ++at;
    for (; at < got.size(); ++at) ADD_FAILURE() << "unexpected frame: " << got[at].words;
  }
  static bool check_frame(const json::Value& wanted, std::int64_t n, const Frame* got, const Client& client) {
    const std::string words = words_wanted(wanted);
    if (words.empty()) {
      ADD_FAILURE() << "unknown kind of frame: " << wanted.raw();
      return false;
    }
    if (!got) {
      ADD_FAILURE() << "missing frame: " << words;
      return false;
    }
    EXPECT_EQ(got->words, at_time(replaced(words, "$n", std::to_string(n)), got->at));
    EXPECT_TRUE(client.has_ended || !words.starts_with("close")) << "still open after a close frame";
    return true;
  }
  // Of words_of().
  static std::string words_wanted(const json::Value& wanted) {
    if (text_of(wanted) == "end") return "end";
    for (const std::string_view kind : {"text", "ping", "pong"}) {
      if (const auto payload = wanted.find(kind)) {
        const std::string text = wire_text(*payload);
        return std::string(kind) + (text.empty() ? "" : " " + text);
      }
    }
    const auto code = wanted.find("close");
    if (!code) return {};
    const std::string reason = text_at(wanted, "reason");
    if (code->is(json::Type::null)) return "close";
    return "close " + std::string(code->raw()) + (reason.empty() ? "" : " " + reason);
  }

  Client* client_of(const std::string& name) {
    const auto found = clients_.find(name);
    if (found != clients_.end()) return &found->second;
    ADD_FAILURE() << "there is no client " << name;
    return nullptr;
  }

  // Runs until nothing more happens at this moment: events that clients published come back from the bus, and
  // clients that answer pings send their pongs.
  void pump() {
    stage_.settle();
    for (bool again = true; again;) {
      again = false;
      for (auto& published : std::exchange(stage_.publisher.published, {})) {
        stage_.publish(published.channel, published.body);
        published.done(bus::PublishResult::accepted);
        again = true;
      }
      for (auto& [name, client] : clients_) again = collect(client) || again;
    }
  }
  bool collect(Client& client) {
    client.bytes += stage_.take_received(client.fd);
    bool answered = false;
    for (std::string& words : frames_of(std::exchange(client.bytes, {}))) {
      if (words.starts_with("rest ")) {
        ADD_FAILURE() << "half a frame, " << words;
        continue;
      }
      if (client.answers_pings && words.starts_with("ping") && stage_.sockets[client.fd].is_open()) {
        stage_.send(client.fd, client_frame(websocket::Opcode::pong, words == "ping" ? "" : words.substr(5)));
        answered = true;
      }
      client.frames.push_back({std::move(words), stage_.loop.wall_now()});
    }
    const FakeSocket& socket = stage_.sockets[client.fd];
    if (!client.has_ended && (!socket.is_open() || socket.shut_down)) {
      client.has_ended = true;
      const bool has_close = !client.frames.empty() && client.frames.back().words.starts_with("close");
      if (!has_close) client.frames.push_back({"end", stage_.loop.wall_now()});
    }
    return answered;
  }

  const WireVector& vector_;
  ShardStage stage_;
  std::map<std::string, Client> clients_;
  std::string last_token_;
  std::size_t logs_seen_ = 0;
};

}  // namespace carillon::gateway::testing
