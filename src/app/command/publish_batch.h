// PublishBatch: lines of a text become requests of the publish API, in its array form.
//
// Pure; thread: one. Limits: kEventsMax events and about kBytesMax bytes per request, so that the default
// limits of a gateway (api.batch_max, server.body_bytes_max) are kept; a longer line goes alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carillon::app {

class PublishBatch {
 public:
  static constexpr std::size_t kEventsMax = 500;
  static constexpr std::size_t kBytesMax = 256 * 1024;

  // `channel`: of every event, whose line is then its data; empty: each line is {"channel":…,"data":…}.
  explicit PublishBatch(std::string channel) : channel_(std::move(channel)) {}

  // Adds the event of a line. Returns what is wrong with it; it is then not added.
  std::optional<std::string> add(std::string_view line, std::uint64_t number);
  bool is_empty() const { return lines_.empty(); }
  // Whether this line should wait for the next request.
  bool has_room_for(std::string_view line) const;

  // The body of the request.
  std::string body() const { return "[" + events_ + "]"; }
  std::size_t size() const { return lines_.size(); }
  std::uint64_t first_line() const { return lines_.front(); }
  // The line that an answer such as "event 3: …" is about: the first one where it names none.
  std::uint64_t line_of(std::string_view message) const;
  void clear();

 private:
  std::string channel_;
  std::string events_;
  std::vector<std::uint64_t> lines_;  // by event
};

// The line of a request's body with one event.
std::string publish_body(std::string_view channel, std::string_view data);

}  // namespace carillon::app
