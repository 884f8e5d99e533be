// A request reads the same however it is cut, and what is let through is clean. The first byte seeds the
// cuts; the rest is a request, whose body is read too.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "http/body_reader.h"
#include "http/head_reader.h"
#include "http/redaction.h"
#include "http/response.h"

namespace {

namespace http = carillon::http;

void require(bool condition) {
  if (!condition) std::abort();
}

// Piece lengths from 1 to 8, the same for the same seed.
class Cuts {
 public:
  explicit Cuts(std::uint8_t seed) : state_(seed * 2654435761u + 1) {}
  std::string_view next(std::string_view rest) {
    state_ = state_ * 1664525u + 1013904223u;
    return rest.substr(0, 1 + (state_ >> 24) % 8);
  }

 private:
  std::uint32_t state_;
};

template <class Reader, class State>
std::size_t feed_in_pieces(Reader& reader, std::string_view text, Cuts cuts, State more) {
  std::size_t consumed = 0;
  while (reader.state() == more && consumed < text.size()) {
    const std::string_view piece = cuts.next(text.substr(consumed));
    const auto step = reader.feed(piece);
    require(step.consumed <= piece.size());
    require(step.state != more || step.consumed == piece.size());
    consumed += step.consumed;
  }
  return consumed;
}

void check_head(const http::RequestHead& head, const http::HeadLimits& limits) {
  require(head.headers.size() <= limits.headers_max);
  require(head.bytes.size() <= limits.head_bytes_max);
  require(head.path.starts_with('/') && carillon::is_valid_utf8(head.path));
  require(std::none_of(head.path.begin(), head.path.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '\\' || c == 0x7F;
  }));
  for (const http::Header& header : head.headers) {
    require(!header.name.empty() && header.name.find_first_of(" \t\r\n:") == std::string_view::npos);
    require(header.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
  require(head.count("Content-Length") <= 1 && head.count("Host") <= 1);
  require(head.count("Content-Length") == 0 || head.count("Transfer-Encoding") == 0);
  const auto upgrade = http::check_websocket_upgrade(head);
  if (upgrade.fault == http::UpgradeFault::none) {
    require(!upgrade.key.empty());
  } else {
    std::string out;
    http::append_response(out, http::upgrade_refusal(upgrade.fault), "");
    require(out.starts_with("HTTP/1.1 4"));
  }
  (void)http::Redaction().target(head.target);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Cuts cuts(data[0]);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const http::HeadLimits limits{.request_line_bytes_max = 200, .head_bytes_max = 600, .headers_max = 8};

  http::HeadReader whole(limits);
  const std::size_t consumed = whole.feed(text).consumed;
  http::HeadReader cut(limits);
  require(feed_in_pieces(cut, text, cuts, http::HeadState::need_more) == consumed);
  require(cut.state() == whole.state());
  if (whole.state() == http::HeadState::fault) {
    require(whole.fault().status == cut.fault().status && whole.fault().reason == cut.fault().reason);
    require(whole.fault().status >= 400 && whole.fault().status <= 505);
  }
  if (whole.state() != http::HeadState::done) return 0;
  check_head(whole.head(), limits);
  require(whole.head().headers.size() == cut.head().headers.size() && whole.head().path == cut.head().path);

  constexpr std::size_t kBodyMax = 100;
  const std::string_view body_text = text.substr(consumed);
  http::BodyReader body(whole.head(), kBodyMax);
  const std::size_t body_consumed = body.feed(body_text).consumed;
  http::BodyReader cut_body(cut.head(), kBodyMax);
  require(feed_in_pieces(cut_body, body_text, cuts, http::BodyState::need_more) == body_consumed);
  require(body.state() == cut_body.state() && body.body() == cut_body.body() &&
          body.body().size() <= kBodyMax);
  return 0;
}
