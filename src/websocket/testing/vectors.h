// For tests: client frames in short, and a check of one input fed in every way.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "websocket/frame_writer.h"
#include "websocket/testing/naive_frame_reader.h"
#include "websocket/testing/recorder.h"

namespace carillon::websocket::testing {

inline constexpr MaskKey kKey{0x37, 0xFA, 0x21, 0x3D};  // of the RFC's examples

inline std::string frame(Opcode opcode, std::string_view payload, Fin fin = Fin::yes,
                         Rsv1 rsv1 = Rsv1::clear) {
  std::string out;
  append_masked_frame(out, opcode, payload, kKey, fin, rsv1);
  return out;
}

// A close frame's body.
inline std::string close_body(unsigned code, std::string_view reason = {}) {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code)}.append(reason);
}

// Fed whole, byte by byte and split at every offset, the input must read as `expected`, and so must the
// naive reader have it.
inline void expect_reading(std::string_view input, const Reading& expected, const ReaderLimits& limits = {}) {
  EXPECT_EQ(read_whole(input, limits), expected) << "whole";
  EXPECT_EQ(read_bytewise(input, limits), expected) << "byte by byte";
  EXPECT_EQ(read_naively(input, limits), expected) << "naively";
  for (std::size_t split = 1; split < input.size(); ++split) {
    ASSERT_EQ(read_split(input, split, limits), expected) << "split at " << split;
  }
}

inline void expect_events(std::string_view input, std::vector<std::string> events,
                          const ReaderLimits& limits = {}) {
  expect_reading(input, {std::move(events), 0}, limits);
}

inline void expect_fault(std::string_view input, CloseCode code, const ReaderLimits& limits = {}) {
  expect_reading(input, {{}, number(code)}, limits);
}

}  // namespace carillon::websocket::testing
