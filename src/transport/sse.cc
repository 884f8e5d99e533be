#include "transport/sse.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "json/reader.h"

namespace carillon::transport {
namespace {

constexpr std::string_view kId = "id: ";
constexpr std::string_view kEvent = "event: ";
constexpr std::string_view kData = "data: ";

// Takes a text apart at CR, LF and CRLF. Each byte is looked at twice at most, however many lines there are.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}

  // Returns false behind the last line. A text that ends with a line break has an empty last line.
  bool next(std::string_view& line) {
    if (begin_ > text_.size()) return false;
    if (cr_ < begin_) cr_ = found('\r');
    if (lf_ < begin_) lf_ = found('\n');
    const std::size_t end = std::min({cr_, lf_, text_.size()});
    line = text_.substr(begin_, end - begin_);
    begin_ = end + (cr_ == end && lf_ == end + 1 ? 2 : 1);
    return true;
  }

 private:
  std::size_t found(char c) const { return std::min(text_.find(c, begin_), text_.size() + 1); }

  std::string_view text_;
  std::size_t begin_ = 0;
  std::size_t cr_ = found('\r');
  std::size_t lf_ = found('\n');
};

std::size_t size_of_field(std::string_view name, std::string_view value) {
  return value.empty() ? 0 : name.size() + value.size() + 1;
}

char* copy(char* out, std::string_view text) {
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* write_field(char* out, std::string_view name, std::string_view value) {
  if (value.empty()) return out;
  out = copy(copy(out, name), value);
  *out++ = '\n';
  return out;
}

// The name of the event as which a message is dispatched: its `type`, so that a page has a listener for each.
// Empty, which means "message", for the names that EventSource uses for events of its own.
std::string type_of(std::string_view payload) {
  const auto message = json::parse(payload);
  if (!message) return {};
  const auto type = message->find("type");
  auto text = type ? type->string().value_or("") : std::string();
  const bool is_reserved = text == "error" || text == "open" || text == "message";
  if (is_reserved || text.find_first_of("\r\n") != std::string::npos) return {};
  return text;
}

class SseEncoder final : public EventEncoder {
 public:
  std::size_t size_of(const EventText& event) const override { return transport::size_of(record_of(event)); }
  std::size_t write(char* out, const EventText& event) const override {
    transport::write(out, record_of(event));
    return 0;
  }

 private:
  static SseRecord record_of(const EventText& event) { return {.id = event.position, .data = event.body}; }
};

class SseFormat final : public WireFormat {
 public:
  const EventEncoder& encoder() const override { return encoder_; }
  std::string_view content_type() const override { return "text/event-stream"; }

  void append_message(std::string& out, std::string_view payload) const override {
    const std::string type = type_of(payload);
    const SseRecord record{.event = type, .data = payload};
    const std::size_t before = out.size();
    out.resize(before + size_of(record));
    write(out.data() + before, record);
  }
  // A record without data sets the client's last event id and dispatches nothing.
  void append_position(std::string& out, std::string_view position) const override {
    out.append(kId).append(position).append("\n\n");
  }
  // Without a position a comment; clients ignore it.
  void append_heartbeat(std::string& out, std::string_view position) const override {
    if (position.empty()) {
      out += ":\n\n";
    } else {
      append_position(out, position);
    }
  }
  void append_retry(std::string& out, milliseconds after) const override {
    out += "retry: ";
    out += std::to_string(after.count());
    out += "\n\n";
  }
  void append_close(std::string&, std::optional<std::uint16_t>, std::string_view) const override {}

 private:
  SseEncoder encoder_;
};

}  // namespace

std::size_t size_of(const SseRecord& record) {
  std::size_t size = size_of_field(kId, record.id) + size_of_field(kEvent, record.event) + 1;
  std::string_view line;
  for (Lines lines(record.data); lines.next(line);) size += kData.size() + line.size() + 1;
  return size;
}

// The id comes last: there are clients that use the fields of a record whose connection was cut in the
// middle, and one with the id of data that it does not have would never get that data.
char* write(char* out, const SseRecord& record) {
  out = write_field(out, kEvent, record.event);
  std::string_view line;
  for (Lines lines(record.data); lines.next(line);) {
    out = copy(copy(out, kData), line);
    *out++ = '\n';
  }
  out = write_field(out, kId, record.id);
  *out++ = '\n';
  return out;
}

const WireFormat& sse_format() {
  static const SseFormat format;
  return format;
}

}  // namespace carillon::transport
