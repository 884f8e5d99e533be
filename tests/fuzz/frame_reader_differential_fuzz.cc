// The incremental reader under random splits, parked and stopped in between, against the naive one that
// has the whole input: the same events, the same close code.
#include "base/assert.h"
#include "frame_reader_input.h"
#include "websocket/testing/naive_frame_reader.h"
#include "websocket/testing/recorder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carillon::websocket;
  FuzzInput input = fuzz_input(data, size);
  const testing::Reading expected = testing::read_naively(input.bytes, input.limits);
  testing::Feeding feeding(input.limits);
  feeding.recorder().stop_every = input.stop_every;
  while (!input.bytes.empty()) {
    const std::size_t piece = input.next_piece(input.bytes.size());
    feeding.feed(input.bytes.substr(0, piece));
    input.bytes.remove_prefix(piece);
  }
  CARILLON_ASSERT(feeding.reading() == expected);
  return 0;
}
