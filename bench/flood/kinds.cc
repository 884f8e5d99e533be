#include "flood/kinds.h"

#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <utility>

#include "websocket/frame_writer.h"

namespace carillon::bench {
namespace {

using websocket::Fin;
using websocket::Opcode;

constexpr websocket::MaskKey kMask{0x12, 0x34, 0x56, 0x78};
constexpr std::size_t kBigTextBytes = 64 * 1024;
constexpr int kFragments = 512;  // of a byte each: the longest message that the orion protocol takes
constexpr std::string_view kSubscribe = R"({"type":"subscribe","data":{"channel":"flood"}})";
constexpr std::string_view kUnsubscribe = R"({"type":"unsubscribe","data":{"channel":"flood"}})";

constexpr std::array<std::pair<std::string_view, FloodKind>, 8> kNames{
    {{"pings", FloodKind::pings},
     {"pongs", FloodKind::pongs},
     {"empty-text", FloodKind::empty_text},
     {"big-text", FloodKind::big_text},
     {"subscriptions", FloodKind::subscriptions},
     {"fragments", FloodKind::fragments},
     {"requests", FloodKind::requests},
     {"client-hellos", FloodKind::client_hellos}}};

std::string frame_of(Opcode opcode, std::string_view payload) {
  std::string frame;
  websocket::append_masked_frame(frame, opcode, payload, kMask);
  return frame;
}

std::string big_text() {
  std::string text = R"({"type":"ping","data":{"pad":")";
  constexpr std::string_view kEnd = R"("}})";
  text.append(kBigTextBytes - text.size() - kEnd.size(), 'x').append(kEnd);
  return frame_of(Opcode::text, text);
}

std::string fragments() {
  std::string frames;
  for (int i = 0; i < kFragments; ++i) {
    const Opcode opcode = i == 0 ? Opcode::text : Opcode::continuation;
    websocket::append_masked_frame(frames, opcode, "x", kMask, i + 1 == kFragments ? Fin::yes : Fin::no);
  }
  return frames;
}

struct Freeing {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* tls) const { SSL_free(tls); }
};

std::string client_hello() {
  const std::unique_ptr<SSL_CTX, Freeing> context(SSL_CTX_new(TLS_client_method()));
  const std::unique_ptr<SSL, Freeing> tls(SSL_new(context.get()));
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set_bio(tls.get(), BIO_new(BIO_s_mem()), out);  // which now belong to it
  SSL_connect(tls.get());
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

// One unit, and how many messages, fragments or requests it counts for.
std::pair<std::string, std::uint64_t> unit_of(FloodKind kind) {
  switch (kind) {
    case FloodKind::pings:
      return {frame_of(Opcode::ping, ""), 1};
    case FloodKind::pongs:
      return {frame_of(Opcode::pong, ""), 1};
    case FloodKind::empty_text:
      return {frame_of(Opcode::text, ""), 1};
    case FloodKind::big_text:
      return {big_text(), 1};
    case FloodKind::subscriptions:
      return {frame_of(Opcode::text, kSubscribe) + frame_of(Opcode::text, kUnsubscribe), 2};
    case FloodKind::fragments:
      return {fragments(), kFragments};
    case FloodKind::requests:
      return {"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 1};
    case FloodKind::client_hellos:
      return {client_hello(), 1};
  }
  return {};
}

}  // namespace

std::optional<FloodKind> flood_kind_of(std::string_view name) {
  for (const auto& [known, kind] : kNames) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

Flood flood_of(FloodKind kind) {
  const auto [unit, count] = unit_of(kind);
  Flood flood{unit, count};
  if (kind == FloodKind::client_hellos) return flood;
  while (flood.bytes.size() < Flood::kBytesMin) {
    flood.bytes += unit;
    flood.units += count;
  }
  return flood;
}

}  // namespace carillon::bench
