#include "loadgen/frame_counter.h"

#include <gtest/gtest.h>

#include <vector>

#include "websocket/frame_writer.h"

namespace carillon::loadgen {
namespace {

using websocket::Fin;
using websocket::Opcode;

class Notes final : public FrameListener, public PayloadListener {
 public:
  void on_control(Opcode opcode, std::string_view payload) override {
    controls.emplace_back(static_cast<int>(opcode), payload);
  }
  Counts on_short(std::string_view payload) override {
    shorts.emplace_back(payload);
    return payload == ignored ? Counts::as_nothing : Counts::as_event;
  }
  void on_payload(std::string_view piece) override { data += piece; }

  std::vector<std::pair<int, std::string>> controls;
  std::vector<std::string> shorts;
  std::string data;
  std::string ignored;
};

std::string server_frame(Opcode opcode, std::string_view payload) {
  std::string out;
  websocket::append_frame(out, opcode, payload);
  return out;
}

std::string fragment(Opcode opcode, std::string_view payload, Fin fin) {
  std::string out(websocket::kServerHeaderBytesMax, '\0');
  out.resize(websocket::write_header(out.data(), opcode, payload.size(), websocket::Rsv1::clear, fin));
  return out.append(payload);
}

// Counts events, with the bytes passed in pieces of `piece_bytes`.
std::uint32_t count_in_pieces(const std::string& bytes, std::size_t piece_bytes, Notes& notes) {
  FrameCounter counter;
  std::uint32_t events = 0;
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
    events += counter.feed(std::string_view(bytes).substr(at, piece_bytes), notes, 8, notes);
  }
  return events;
}

TEST(FrameCounter, CountsFramesOfEveryLengthForm) {
  FrameCounter counter;
  Notes notes;
  for (std::size_t bytes : {0u, 1u, 125u, 126u, 65535u, 65536u, 200'000u}) {
    EXPECT_EQ(counter.feed(server_frame(Opcode::text, std::string(bytes, 'x')), notes), 1u) << bytes;
    EXPECT_EQ(counter.feed(server_frame(Opcode::binary, std::string(bytes, 'x')), notes), 1u) << bytes;
  }
  EXPECT_TRUE(notes.controls.empty());
  EXPECT_TRUE(notes.shorts.empty());
}

TEST(FrameCounter, IsExactWhereverTheStreamIsSplit) {
  const std::string bytes =
      server_frame(Opcode::text, "") + server_frame(Opcode::text, "short") +
      server_frame(Opcode::ping, "are you there") + server_frame(Opcode::text, std::string(300, 'y')) +
      server_frame(Opcode::pong, "") + server_frame(Opcode::binary, std::string(70'000, 'z')) +
      server_frame(Opcode::close, "\x03\xe8");
  for (std::size_t piece : {1u, 2u, 3u, 5u, 7u, 64u, 100'000u}) {
    Notes notes;
    EXPECT_EQ(count_in_pieces(bytes, piece, notes), 4u) << piece;
    const std::vector<std::pair<int, std::string>> controls{{9, "are you there"}, {10, ""}, {8, "\x03\xe8"}};
    EXPECT_EQ(notes.controls, controls) << piece;
    EXPECT_EQ(notes.shorts, std::vector<std::string>{"short"}) << piece;
    EXPECT_EQ(notes.data, "short" + std::string(300, 'y') + std::string(70'000, 'z')) << piece;
  }
}

TEST(FrameCounter, AMessageInFragmentsIsOneEvent) {
  FrameCounter counter;
  Notes notes;
  const std::string bytes = fragment(Opcode::text, "one ", Fin::no) + server_frame(Opcode::ping, "") +
                            fragment(Opcode::continuation, "message", Fin::yes);
  EXPECT_EQ(counter.feed(bytes, notes), 1u);
}

TEST(FrameCounter, ShortFramesCanBeKeptOutOfTheCount) {
  FrameCounter counter;
  Notes notes;
  notes.ignored = "2";
  const std::string bytes =
      server_frame(Opcode::text, "2") + server_frame(Opcode::text, "3") + server_frame(Opcode::text, "22");
  EXPECT_EQ(counter.feed(bytes, notes, 1), 2u);
  EXPECT_EQ(notes.shorts, (std::vector<std::string>{"2", "3"}));
}

TEST(FrameCounter, AControlFrameThatIsTooLongIsNotKeptWhole) {
  FrameCounter counter;
  Notes notes;
  std::string bytes("\x89\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10);
  bytes.append(65536, 'x');
  EXPECT_EQ(counter.feed(bytes, notes), 0u);
  ASSERT_EQ(notes.controls.size(), 1u);
  EXPECT_EQ(notes.controls[0].second.size(), FrameCounter::kCollectedBytesMax);
}

}  // namespace
}  // namespace carillon::loadgen
