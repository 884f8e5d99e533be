// What the tests of this folder share: RESP text, patterns, a sink that writes everything down.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "bus/bus.h"

namespace carillon::bus::testing {

inline std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

inline std::string array(std::initializer_list<std::string_view> items) {
  std::string out = "*" + std::to_string(items.size()) + "\r\n";
  for (const auto item : items) out += bulk(item);
  return out;
}

inline std::string acknowledgement(std::string_view kind, std::string_view channel, int count) {
  return "*3\r\n" + bulk(kind) + bulk(channel) + ":" + std::to_string(count) + "\r\n";
}

inline std::vector<ChannelPattern> patterns(std::initializer_list<std::string_view> texts) {
  std::vector<ChannelPattern> out;
  for (const auto text : texts) {
    auto pattern = ChannelPattern::parse(text);
    CARILLON_ASSERT(pattern.has_value());
    out.push_back(*pattern);
  }
  return out;
}

// "channel=body" an event, "|" a batch's end, "GAP", "UP", "DOWN: why".
class RecordingSink final : public EventSink {
 public:
  void on_event(const Event& event) override {
    lines.push_back(std::string(event.channel) + "=" + std::string(event.body));
    ++events;
  }
  void on_batch_end() override { lines.emplace_back("|"); }
  void on_gap() override {
    lines.emplace_back("GAP");
    ++gaps;
  }
  void on_status(const BusStatus& status) override {
    lines.push_back(status.state == BusState::up ? "UP" : "DOWN: " + status.detail);
    states.push_back(status.state);
  }
  bool saw(std::string_view line) const { return std::find(lines.begin(), lines.end(), line) != lines.end(); }

  std::vector<std::string> lines;
  std::vector<BusState> states;
  int events = 0;
  int gaps = 0;
};

// Every line as "message key=value …".
class RecordingLog final : public Log {
 public:
  void write_fields(LogLevel level, std::string_view message, std::span<const LogField> fields) override {
    std::string line(level == LogLevel::warning ? "warning: " : "");
    line += message;
    for (const auto& field : fields) {
      line += " " + std::string(field.key) + "=";
      if (const auto* text = std::get_if<std::string_view>(&field.value)) line += *text;
      if (const auto* number = std::get_if<std::int64_t>(&field.value)) line += std::to_string(*number);
    }
    lines.push_back(line);
  }
  std::size_t count(std::string_view part) const {
    return static_cast<std::size_t>(
        std::count_if(lines.begin(), lines.end(),
                      [part](const std::string& line) { return line.find(part) != std::string::npos; }));
  }
  std::vector<std::string> lines;
};

// Results of publish(), counted.
struct Tally {
  int accepted = 0;
  int unavailable = 0;
  int refused = 0;
  int timed_out = 0;
  int all() const { return accepted + unavailable + refused + timed_out; }
  PublishDone done() {
    return [this](PublishResult result) {
      switch (result) {
        case PublishResult::accepted:
          ++accepted;
          break;
        case PublishResult::unavailable:
          ++unavailable;
          break;
        case PublishResult::refused:
          ++refused;
          break;
        case PublishResult::timed_out:
          ++timed_out;
          break;
      }
    };
  }
};

}  // namespace carillon::bus::testing
