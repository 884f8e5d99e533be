// NaiveFanOut: the model that the engine is compared with. It has a queue for each (client, log), a queue of
// sent bytes, and checks each client's stream as it arrives. For tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fanout/fan_out.h"
#include "fanout/testing/received.h"

namespace carillon::fanout::testing {

// Times are wrapping milliseconds.
class NaiveFanOut {
 public:
  struct Pending {
    std::string payload;
    std::size_t wire_size;  // of the plain frame
    std::uint32_t since_ms;
  };
  struct Client {
    GroupId group = 0;
    std::map<LogId, std::deque<Pending>> events;
    std::deque<std::pair<Pending, std::size_t>> sent;  // with how much had been received when it was sent
    std::optional<Pending> last;                       // finish()
    std::vector<std::pair<std::size_t, std::string>>
        halves;            // half-sent events that may end after an unsubscribe, by where they began
    std::size_t read = 0;  // bytes of the stream that were checked
    bool blocked = false;
    bool was_slow = false;
    bool unsure =
        false;  // was slow, then unsubscribed from what it missed: the engine may have noticed or not
    bool judged = false;
    bool finish_received = false;

    bool has_everything() const;
    // Since when its oldest unsent byte waits.
    std::optional<std::uint32_t> oldest_ms() const;
    std::size_t pending_bytes(LogId log) const;
    std::size_t pending_bytes() const;
  };

  void append(LogId log, const std::string& payload, std::uint32_t now_ms);
  // An unsubscribed client may still receive the rest of a half-written frame.
  void unsubscribe(Client& client, LogId log, std::string_view stream);
  void send(Client& client, const std::string& frame, std::uint32_t now_ms, std::string_view stream);

  // Checks what has arrived since the last call. Returns an empty string, or what is wrong.
  std::string receive(Client& client, std::string_view stream);

  // The engine reports a gap: the `count` oldest events are dropped, and `frame` is sent.
  std::string skip(Client& client, LogId log, std::uint32_t count, const std::string& frame,
                   std::uint32_t now_ms, std::string_view stream);

  std::map<SubscriberId, Client> clients;
  std::uint64_t lost_while_healthy = 0;
  bool unsure_of_losses = false;

 private:
  std::string judge_event(Client& client, const ReceivedFrame& frame, std::size_t begin);
};

inline bool NaiveFanOut::Client::has_everything() const {
  for (const auto& [log, queue] : events) {
    if (!queue.empty()) return false;
  }
  return sent.empty() && !last;
}

inline std::size_t NaiveFanOut::Client::pending_bytes(LogId log) const {
  std::size_t bytes = 0;
  const auto queue = events.find(log);
  if (queue == events.end()) return 0;
  for (const Pending& each : queue->second) bytes += each.wire_size;
  return bytes;
}

inline std::size_t NaiveFanOut::Client::pending_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [log, queue] : events) bytes += pending_bytes(log);
  return bytes;
}

inline std::optional<std::uint32_t> NaiveFanOut::Client::oldest_ms() const {
  std::optional<std::uint32_t> oldest;
  const auto look = [&](const Pending& pending) {
    if (!oldest || static_cast<std::int32_t>(pending.since_ms - *oldest) < 0) oldest = pending.since_ms;
  };
  for (const auto& [log, queue] : events) {
    if (!queue.empty()) look(queue.front());
  }
  if (!sent.empty()) look(sent.front().first);
  return oldest;
}

inline void NaiveFanOut::append(LogId log, const std::string& payload, std::uint32_t now_ms) {
  for (auto& [id, client] : clients) {
    const auto queue = client.events.find(log);
    if (queue == client.events.end()) continue;
    queue->second.push_back(
        {payload, websocket::server_header_size(payload.size()) + payload.size(), now_ms});
  }
}

inline void NaiveFanOut::unsubscribe(Client& client, LogId log, std::string_view stream) {
  const auto queue = client.events.find(log);
  if (!queue->second.empty() && stream.size() > client.read) {
    client.halves.emplace_back(client.read, queue->second.front().payload);
  }
  client.events.erase(queue);
  if (client.was_slow && client.has_everything()) client.unsure = true;
}

inline void NaiveFanOut::send(Client& client, const std::string& frame, std::uint32_t now_ms,
                              std::string_view stream) {
  client.sent.emplace_back(Pending{frame, frame.size(), now_ms}, stream.size());
}

inline std::string NaiveFanOut::receive(Client& client, std::string_view stream) {
  for (;;) {
    const std::size_t begin = client.read;
    const auto frame = first_frame(stream.substr(begin));
    if (!frame) break;
    client.read += frame->size;
    const std::string_view wire = stream.substr(begin, frame->size);
    if (client.finish_received) return "bytes after the last ones";
    if (frame->opcode == websocket::Opcode::close) {
      if (!client.sent.empty()) return "the last bytes overtook bytes sent before";
      for (const auto& [log, queue] : client.events) {
        if (!queue.empty()) return "the last bytes overtook an event";
      }
      if (!client.last || client.last->payload != wire) return "a close frame that was not sent";
      client.last.reset();
      client.finish_received = true;
    } else if (frame->opcode == websocket::Opcode::ping || frame->payload.starts_with("gap ")) {
      if (client.sent.empty() || client.sent.front().first.payload != wire) return "sent bytes out of order";
      client.sent.pop_front();
    } else if (const auto wrong = judge_event(client, *frame, begin); !wrong.empty()) {
      return wrong;
    }
  }
  if (!client.blocked && client.has_everything()) client.was_slow = client.unsure = false;
  return {};
}

inline std::string NaiveFanOut::judge_event(Client& client, const ReceivedFrame& frame, std::size_t begin) {
  for (const auto& [where, payload] : client.halves) {
    if (where == begin && payload == frame.payload) return {};
  }
  if (!client.sent.empty() && client.sent.front().second <= begin)
    return "an event overtook bytes sent before";
  const auto log = static_cast<LogId>(std::strtoul(frame.payload.c_str(), nullptr, 10));
  const auto queue = client.events.find(log);
  if (queue == client.events.end())
    return "an event of a log not subscribed to: " + frame.payload.substr(0, 20);
  if (queue->second.empty()) return "an unexpected event: " + frame.payload.substr(0, 20);
  if (queue->second.front().payload != frame.payload) {
    return "got " + frame.payload.substr(0, 20) + ", not " + queue->second.front().payload.substr(0, 20);
  }
  queue->second.pop_front();
  return {};
}

inline std::string NaiveFanOut::skip(Client& client, LogId log, std::uint32_t count, const std::string& frame,
                                     std::uint32_t now_ms, std::string_view stream) {
  const auto queue = client.events.find(log);
  if (queue == client.events.end()) return "a gap in a log not subscribed to";
  if (count == 0 || count > queue->second.size()) return "a gap of a wrong size: " + std::to_string(count);
  const bool only_gaps = std::all_of(client.sent.begin(), client.sent.end(), [&](const auto& each) {
    return each.first.payload.find("gap ") != std::string::npos && each.second == stream.size();
  });
  if (!only_gaps || client.read != stream.size()) return "a gap before it could leave";
  if (!client.was_slow) lost_while_healthy += count;
  if (client.unsure) unsure_of_losses = true;
  queue->second.erase(queue->second.begin(), queue->second.begin() + count);
  client.sent.emplace_back(Pending{frame, frame.size(), now_ms}, stream.size());
  return {};
}

}  // namespace carillon::fanout::testing
