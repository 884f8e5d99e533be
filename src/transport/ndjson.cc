#include "transport/ndjson.h"

#include <algorithm>

namespace carillon::transport {
namespace {

char* write_line(char* out, std::string_view text) {
  const auto blank = [](char c) { return c == '\n' || c == '\r' ? ' ' : c; };
  out = std::transform(text.begin(), text.end(), out, blank);
  *out++ = '\n';
  return out;
}

class NdjsonEncoder final : public EventEncoder {
 public:
  std::size_t size_of(const EventText& event) const override { return event.body.size() + 1; }
  std::size_t write(char* out, const EventText& event) const override {
    write_line(out, event.body);
    return 0;
  }
};

class NdjsonFormat final : public WireFormat {
 public:
  const EventEncoder& encoder() const override { return encoder_; }
  std::string_view content_type() const override { return "application/x-ndjson"; }

  void append_message(std::string& out, std::string_view payload) const override {
    const std::size_t before = out.size();
    out.resize(before + payload.size() + 1);
    write_line(out.data() + before, payload);
  }
  void append_position(std::string&, std::string_view) const override {}
  // An empty line; readers skip it.
  void append_heartbeat(std::string& out, std::string_view) const override { out += '\n'; }
  void append_retry(std::string&, milliseconds) const override {}
  void append_close(std::string&, std::optional<std::uint16_t>, std::string_view) const override {}

 private:
  NdjsonEncoder encoder_;
};

}  // namespace

const WireFormat& ndjson_format() {
  static const NdjsonFormat format;
  return format;
}

}  // namespace carillon::transport
