// FrameReader against the naive reader on seeded random inputs, right and wrong, under random splits.
// The fuzz target of the same name goes on where this ends.
#include <gtest/gtest.h>

#include <random>

#include "websocket/testing/vectors.h"

namespace carillon::websocket {
namespace {

using namespace testing;

class RandomClient {
 public:
  explicit RandomClient(unsigned seed) : random_(seed) {}

  std::string input() {
    std::string out;
    for (unsigned frames = below(8); frames > 0; --frames) append_any_frame(out);
    if (below(3) == 0 && !out.empty()) out[below(out.size())] = static_cast<char>(random_());
    if (below(4) == 0) out.resize(below(out.size() + 1));
    return out;
  }

  ReaderLimits limits() {
    ReaderLimits limits{.message_bytes_max = below(300), .fragments_max = 1 + below(5)};
    if (below(3) == 0) limits.payload = Payload::discard;
    if (below(2) == 0) limits.compression = Compression::negotiated;
    return limits;
  }

  unsigned below(std::size_t bound) { return static_cast<unsigned>(random_() % bound); }

 private:
  void append_any_frame(std::string& out) {
    constexpr Opcode kOpcodes[] = {Opcode::text, Opcode::binary,       Opcode::ping,
                                   Opcode::pong, Opcode::continuation, Opcode::continuation};
    const MaskKey key{static_cast<std::uint8_t>(random_()), static_cast<std::uint8_t>(random_()), 0, 0xFF};
    const Opcode opcode = below(20) == 0 ? Opcode::close : kOpcodes[below(6)];
    const Fin fin = below(3) == 0 && !is_control(opcode) ? Fin::no : Fin::yes;
    const Rsv1 rsv1 = below(4) == 0 ? Rsv1::set : Rsv1::clear;
    append_masked_frame(out, opcode, opcode == Opcode::close ? close() : payload(rsv1), key, fin, rsv1);
  }

  std::string close() {
    return below(4) == 0 ? std::string(below(3), '\x03') : close_body(998 + below(20), text());
  }

  std::string text() {
    constexpr std::string_view kParts[] = {"a",    "Hello", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x94\x94",
                                           "\xC3", "\xA4"};
    std::string out;
    for (unsigned count = below(6); count > 0; --count) out += kParts[below(below(4) == 0 ? 7 : 5)];
    return out;
  }

  std::string payload(Rsv1 rsv1) {
    std::string message = text();
    if (below(3) == 0) message += std::string(below(200), 'x');
    std::string deflated;
    if (rsv1 == Rsv1::set && deflater_.try_append_deflated(deflated, message)) return deflated;
    return message;
  }

  std::mt19937 random_;
  Deflater deflater_;
};

TEST(FrameReaderDifferential, AgreesWithTheNaiveReaderUnderAnySplit) {
  for (unsigned seed = 1; seed <= 5000; ++seed) {
    RandomClient client(seed);
    const std::string input = client.input();
    const ReaderLimits limits = client.limits();
    const Reading expected = read_naively(input, limits);
    Feeding feeding(limits);
    feeding.recorder().stop_every = client.below(3);
    for (std::string_view rest = input; !rest.empty();) {
      const std::size_t size = std::min<std::size_t>(rest.size(), 1 + client.below(40));
      feeding.feed(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    ASSERT_EQ(feeding.reading(), expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace carillon::websocket
