#include "app/command/publish_batch.h"

#include <charconv>

#include "json/reader.h"
#include "json/writer.h"

namespace carillon::app {
namespace {

constexpr unsigned kDepthMax = 130;  // as the publish API

json::ParseOptions options_for(std::string_view line) {
  return {.duplicates = json::Duplicates::allow, .depth_max = kDepthMax, .bytes_max = line.size()};
}

// What the publish API would refuse, so that one line does not cost its whole request.
std::optional<std::string> fault_of_event(const json::Value& event) {
  if (!event.is(json::Type::object)) return R"(it must be an object {"channel":…,"data":…})";
  std::size_t channels = 0;
  std::size_t data = 0;
  for (const json::Member& member : event.members()) {
    if (member.named("channel")) {
      ++channels;
      if (!member.value.is(json::Type::string)) return "\"channel\" must be a string";
    } else if (member.named("data")) {
      ++data;
    } else {
      return "only \"channel\" and \"data\" may be in it";
    }
  }
  if (channels != 1) return "it must have \"channel\" once";
  if (data != 1) return "it must have \"data\" once";
  return std::nullopt;
}

}  // namespace

std::string publish_body(std::string_view channel, std::string_view data) {
  std::string body;
  json::ObjectWriter writer(body);
  writer.member("channel", channel).raw_member("data", data);
  writer.close();
  return body;
}

std::optional<std::string> PublishBatch::add(std::string_view line, std::uint64_t number) {
  const auto parsed = json::parse(line, options_for(line));
  if (!parsed) return "it is not JSON: " + parsed.error().message();
  if (channel_.empty()) {
    if (auto fault = fault_of_event(*parsed)) return fault;
  }
  if (!events_.empty()) events_ += ',';
  events_ += channel_.empty() ? std::string(parsed->raw()) : publish_body(channel_, parsed->raw());
  lines_.push_back(number);
  return std::nullopt;
}

bool PublishBatch::has_room_for(std::string_view line) const {
  return lines_.empty() || (lines_.size() < kEventsMax && events_.size() + line.size() < kBytesMax);
}

std::uint64_t PublishBatch::line_of(std::string_view message) const {
  constexpr std::string_view kEvent = "event ";
  const std::size_t at = message.find(kEvent);
  std::size_t number = 0;
  if (at != std::string_view::npos) {
    const char* begin = message.data() + at + kEvent.size();
    std::from_chars(begin, message.data() + message.size(), number);
  }
  return number < lines_.size() ? lines_[number] : first_line();
}

void PublishBatch::clear() {
  events_.clear();
  lines_.clear();
}

}  // namespace carillon::app
