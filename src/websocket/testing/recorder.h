// For tests and fuzzers: what a FrameReader reported, as comparable text, and ways to feed it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "websocket/deflate.h"
#include "websocket/frame_reader.h"

namespace carillon::websocket::testing {

// All that is to be known of one reading. The events are "text 5 Hello", "binary 2 ab", "ping x",
// "pong x", "close 1000 bye", "close -".
struct Reading {
  std::vector<std::string> events;
  std::uint16_t fault = 0;  // close code; 0: none
  bool operator==(const Reading&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const Reading& reading) {
  for (const std::string& event : reading.events) out << "\n  " << event.substr(0, 200);
  return out << "\n  fault " << reading.fault;
}

class Recorder final : public MessageHandler {
 public:
  Next on_message(Opcode opcode, std::string_view payload, std::uint64_t size_bytes) override {
    last_payload = payload;
    std::string event = opcode == Opcode::text ? "text " : "binary ";
    return add(event.append(std::to_string(size_bytes)).append(" ").append(payload));
  }
  Next on_ping(std::string_view payload) override { return add(std::string("ping ").append(payload)); }
  Next on_pong(std::string_view payload) override { return add(std::string("pong ").append(payload)); }
  void on_close(std::optional<std::uint16_t> code, std::string_view reason) override {
    add(code ? "close " + std::to_string(*code) + " " + std::string(reason) : std::string("close -"));
  }

  std::vector<std::string> events;
  std::size_t stop_every = 0;     // return stop at every n-th event; 0: never
  std::string_view last_payload;  // valid inside feed() only: for comparing addresses

 private:
  Next add(std::string event) {
    events.push_back(std::move(event));
    return stop_every != 0 && events.size() % stop_every == 0 ? Next::stop : Next::go_on;
  }
};

// One connection: feeds pieces, each in a heap block of exactly its size so that a sanitizer sees any
// step beyond it, parks the reader as a shard would, and goes on after every stop.
class Feeding {
 public:
  explicit Feeding(const ReaderLimits& limits) : limits_(limits) {}

  void feed(std::string_view piece) {
    while (!over_) {
      const auto block = std::make_unique<char[]>(piece.size());
      std::copy(piece.begin(), piece.end(), block.get());
      FrameReader reader;
      if (parked_) reader = std::move(*parked_);
      parked_.reset();
      const ReadResult result = reader.feed({block.get(), piece.size()}, limits_, recorder_, &inflater_);
      if (!reader.at_rest()) parked_ = std::make_unique<FrameReader>(std::move(reader));
      over_ = result.status == ReadResult::Status::closed || result.status == ReadResult::Status::fault;
      if (result.status == ReadResult::Status::fault) fault_ = number(result.fault.code);
      if (result.status != ReadResult::Status::stopped) return;
      piece.remove_prefix(result.consumed);  // what was not consumed must be as it came: feed it anew
    }
  }

  Recorder& recorder() { return recorder_; }
  bool is_parked() const { return parked_ != nullptr; }
  std::size_t buffered_bytes() const { return parked_ ? parked_->buffered_bytes() : 0; }
  Reading reading() const { return {recorder_.events, fault_}; }

 private:
  ReaderLimits limits_;
  Recorder recorder_;
  Inflater inflater_;
  std::unique_ptr<FrameReader> parked_;
  std::uint16_t fault_ = 0;
  bool over_ = false;
};

inline Reading read_whole(std::string_view input, const ReaderLimits& limits = {}) {
  Feeding feeding(limits);
  feeding.feed(input);
  return feeding.reading();
}

inline Reading read_bytewise(std::string_view input, const ReaderLimits& limits = {}) {
  Feeding feeding(limits);
  for (std::size_t i = 0; i < input.size(); ++i) feeding.feed(input.substr(i, 1));
  return feeding.reading();
}

inline Reading read_split(std::string_view input, std::size_t split, const ReaderLimits& limits = {}) {
  Feeding feeding(limits);
  feeding.feed(input.substr(0, split));
  feeding.feed(input.substr(split));
  return feeding.reading();
}

}  // namespace carillon::websocket::testing
