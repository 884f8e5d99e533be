// Any bytes, any split: no crash, and no limit passed.
#include <memory>

#include "base/assert.h"
#include "base/utf8.h"
#include "frame_reader_input.h"
#include "websocket/deflate.h"

namespace carillon::websocket {
namespace {

class LimitChecker final : public MessageHandler {
 public:
  LimitChecker(const ReaderLimits& limits, std::uint32_t stop_every)
      : limits_(limits), stop_every_(stop_every) {}

  Next on_message(Opcode opcode, std::string_view payload, std::uint64_t size_bytes) override {
    CARILLON_ASSERT(opcode == Opcode::text || opcode == Opcode::binary);
    CARILLON_ASSERT(size_bytes <= limits_.message_bytes_max);
    CARILLON_ASSERT(payload.size() == (limits_.payload == Payload::collect ? size_bytes : 0));
    CARILLON_ASSERT(opcode == Opcode::binary || is_valid_utf8(payload));
    return next();
  }
  Next on_ping(std::string_view payload) override { return on_control(payload); }
  Next on_pong(std::string_view payload) override { return on_control(payload); }
  void on_close(std::optional<std::uint16_t> code, std::string_view reason) override {
    CARILLON_ASSERT(!closed_);
    CARILLON_ASSERT(!code || may_be_received(*code));
    CARILLON_ASSERT(reason.size() <= kCloseReasonBytesMax && is_valid_utf8(reason));
    closed_ = true;
  }

 private:
  Next on_control(std::string_view payload) {
    CARILLON_ASSERT(payload.size() <= kControlBytesMax);
    return next();
  }
  Next next() {
    CARILLON_ASSERT(!closed_);
    return stop_every_ != 0 && ++events_ % stop_every_ == 0 ? Next::stop : Next::go_on;
  }

  const ReaderLimits& limits_;
  std::uint32_t stop_every_;
  std::uint32_t events_ = 0;
  bool closed_ = false;
};

void run(FuzzInput input) {
  static Inflater inflater;
  LimitChecker checker(input.limits, input.stop_every);
  FrameReader reader;
  std::size_t received = 0;
  while (!input.bytes.empty()) {
    const std::size_t size = input.next_piece(input.bytes.size());
    const auto block = std::make_unique<char[]>(size);  // its own, so that a step beyond it is seen
    std::copy_n(input.bytes.begin(), size, block.get());
    const ReadResult result = reader.feed({block.get(), size}, input.limits, checker, &inflater);
    CARILLON_ASSERT(result.consumed <= size);
    CARILLON_ASSERT(!result.ok() || result.consumed == size);
    received += result.consumed;
    input.bytes.remove_prefix(result.consumed);
    CARILLON_ASSERT(reader.buffered_bytes() <= 2 * received);
    if (result.status == ReadResult::Status::fault) {
      CARILLON_ASSERT(may_be_sent(number(result.fault.code)));
      CARILLON_ASSERT(result.fault.reason.size() <= kCloseReasonBytesMax);
    }
    if (result.status == ReadResult::Status::fault || result.status == ReadResult::Status::closed) {
      CARILLON_ASSERT(reader.at_rest() && reader.buffered_bytes() == 0);
      return;
    }
    if (reader.at_rest()) {
      CARILLON_ASSERT(reader.buffered_bytes() == 0);
      reader = FrameReader();
    }
  }
}

}  // namespace
}  // namespace carillon::websocket

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  carillon::websocket::run(carillon::websocket::fuzz_input(data, size));
  return 0;
}
