#include "client/client_trace.h"

#include <gtest/gtest.h>

#include "websocket/frame_writer.h"

namespace carillon::client {
namespace {

std::string frames_of(std::size_t text_bytes, std::optional<std::uint16_t> code) {
  std::string frames;
  websocket::append_frame(frames, websocket::Opcode::text, std::string(text_bytes, 'x'));
  websocket::append_close(frames, code, "why");
  return frames;
}

TEST(CloseCodeIn, ItIsFoundBehindFramesOfEveryLength) {
  for (const std::size_t bytes : {0U, 125U, 126U, 65535U, 65536U}) {
    EXPECT_EQ(close_code_in(frames_of(bytes, 1008)), 1008) << bytes;
  }
}

TEST(CloseCodeIn, AFrameThatIsCutOrHasNoCodeHasNone) {
  EXPECT_EQ(close_code_in({}), std::nullopt);
  EXPECT_EQ(close_code_in(std::string_view("\x88\x00", 2)), std::nullopt);
  const std::string frames = frames_of(300, 4001);
  for (std::size_t size = 0; size < frames.size(); ++size) {
    EXPECT_EQ(close_code_in(std::string_view(frames).substr(0, size)), std::nullopt) << size;
  }
  EXPECT_EQ(close_code_in(frames), 4001);
}

}  // namespace
}  // namespace carillon::client
