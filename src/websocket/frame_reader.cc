// Implements, in their order, RFC 6455 section 5.2 (framing), 5.4 (fragmentation), 5.5 (control frames) and
// RFC 7692 section 6 (RSV1).
#include "websocket/frame_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/assert.h"
#include "base/soft_allocation.h"
#include "websocket/deflate.h"

namespace carillon::websocket {
namespace {

constexpr std::uint8_t kRsv1 = 0x40;
constexpr std::uint8_t kRsv2And3 = 0x30;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLengthIn16Bits = 126;
constexpr std::uint8_t kLengthIn64Bits = 127;

constexpr ReadFault protocol_error(std::string_view reason) { return {CloseCode::protocol_error, reason, 0}; }
constexpr ReadFault kInvalidUtf8{CloseCode::invalid_payload, "Invalid UTF-8", 0};
constexpr ReadFault kBadDeflate{CloseCode::invalid_payload, "Invalid compressed data", 0};
constexpr ReadFault too_large(std::uint64_t bytes) {
  return {CloseCode::message_too_big, "Message too large", bytes};
}
constexpr ReadFault kNoMemory{CloseCode::try_again_later, "Out of memory", 0};
constexpr ReadFault kTooManyFragments{CloseCode::message_too_big, "Too many fragments", 0};

ReadResult faulty(ReadFault fault) { return {ReadResult::Status::fault, 0, fault}; }
ReadResult result_of(Next next) {
  return {next == Next::go_on ? ReadResult::Status::ok : ReadResult::Status::stopped, 0, {}};
}

// Bytes of the length field behind the first two bytes of a header.
constexpr std::size_t extended_length_size(std::uint8_t short_length) {
  return short_length == kLengthIn64Bits ? 8 : short_length == kLengthIn16Bits ? 2 : 0;
}

std::uint64_t payload_length(const std::uint8_t* header) {
  const std::uint8_t short_length = header[1] & 0x7F;
  const std::size_t size = extended_length_size(short_length);
  if (size == 0) return short_length;
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < size; ++i) length = (length << 8) | header[2 + i];
  return length;
}

ReadFault fault_of(InflateFault fault, const ReaderLimits& limits) {
  switch (fault) {
    case InflateFault::too_big:
      return too_large(limits.message_bytes_max + 1);
    case InflateFault::no_memory:
      return kNoMemory;
    case InflateFault::corrupt:
      break;
  }
  return kBadDeflate;
}

// Must the payload bytes of a message be held until it is complete?
bool is_kept(bool is_compressed, const ReaderLimits& limits) {
  return limits.payload == Payload::collect ||
         (is_compressed && limits.message_bytes_max <= kDiscardInflateBytesMax);
}

// A compressed message is measured when inflated. Until then it is held to what the worst sensible
// compressor makes of a message of the full size (incompressible bytes, small blocks, flushes).
std::uint64_t payload_bytes_max(bool is_compressed, const ReaderLimits& limits) {
  const std::uint64_t plain = limits.message_bytes_max;
  if (!is_compressed || !is_kept(is_compressed, limits)) return plain;
  const std::uint64_t extra = plain / 8 + 1024;
  return plain > std::numeric_limits<std::uint64_t>::max() - extra ? plain : plain + extra;
}

}  // namespace

ReadResult FrameReader::feed(std::span<char> bytes, const ReaderLimits& limits, MessageHandler& handler,
                             Inflater* inflater) {
  CARILLON_ASSERT(limits.compression == Compression::off || inflater != nullptr);
  if (ended_) return {ReadResult::Status::closed, bytes.size(), {}};
  std::size_t consumed = 0;
  std::uint32_t frames_left = limits.frames_per_feed_max;
  // A frame without payload is complete with its header, though no byte is left to read.
  while (consumed < bytes.size() || (header_done_ && remaining_ == 0)) {
    if (header_size_ == 0 && frames_left-- == 0) return {ReadResult::Status::stopped, consumed, {}};
    ReadResult result = step(bytes.subspan(consumed), limits, handler, inflater);
    consumed += result.consumed;
    if (result.ok()) continue;
    result.consumed = consumed;
    if (result.status != ReadResult::Status::stopped) {
      ended_ = true;
      buffer_ = std::vector<char>();
    }
    return result;
  }
  return {ReadResult::Status::ok, consumed, {}};
}

ReadResult FrameReader::step(std::span<char> bytes, const ReaderLimits& limits, MessageHandler& handler,
                             Inflater* inflater) {
  if (!header_done_) return read_header(bytes, limits);
  const auto chunk = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size())));
  MaskKey key;
  std::uint8_t* const kept_key = header_.data() + header_size_ - key.size();
  std::memcpy(key.data(), kept_key, key.size());
  apply_mask(chunk, key);
  key = rotated(key, chunk.size());
  std::memcpy(kept_key, key.data(), key.size());
  remaining_ -= chunk.size();
  ReadResult result =
      is_control(opcode()) ? read_control(chunk, handler) : read_data(chunk, limits, handler, inflater);
  result.consumed = chunk.size();
  return result;
}

ReadResult FrameReader::read_header(std::span<char> bytes, const ReaderLimits& limits) {
  const std::size_t had = header_size_;
  const std::size_t taken = std::min(header_.size() - had, bytes.size());
  std::memcpy(header_.data() + had, bytes.data(), taken);
  ReadFault fault{};
  switch (judge_header(had + taken, limits, fault)) {
    case Header::faulty:
      return faulty(fault);
    case Header::incomplete:
      header_size_ = static_cast<std::uint8_t>(had + taken);
      return {ReadResult::Status::ok, taken, {}};
    case Header::complete:
      break;
  }
  begin_frame();
  return {ReadResult::Status::ok, header_size_ - had, {}};
}

// Checks each part of a header as soon as it arrives: a client that sends byte by byte learns of its
// fault at the same byte as one that sends them at once.
FrameReader::Header FrameReader::judge_header(std::size_t have, const ReaderLimits& limits,
                                              ReadFault& fault) const {
  const auto refuse = [&fault](ReadFault why) {
    fault = why;
    return Header::faulty;
  };
  if (const auto why = first_byte_fault(limits)) return refuse(*why);
  if (have < 2) return Header::incomplete;

  const bool control = is_control(opcode());
  const std::uint8_t short_length = header_[1] & 0x7F;
  if ((header_[1] & kMasked) == 0) return refuse(protocol_error("Frame not masked"));
  if (control && short_length > kControlBytesMax) return refuse(protocol_error("Control frame too large"));
  const std::size_t length_end = 2 + extended_length_size(short_length);
  if (have < length_end) return Header::incomplete;

  const std::uint64_t length = payload_length(header_.data());
  if (length >> 63 != 0) return refuse(protocol_error("Length with its top bit set"));
  if ((short_length == kLengthIn16Bits && length < kLengthIn16Bits) ||
      (short_length == kLengthIn64Bits && length <= 0xFFFF)) {
    return refuse(protocol_error("Length not minimal"));
  }
  const bool continues = opcode() == Opcode::continuation;
  const std::uint64_t before = continues ? message_size_ : 0;
  const bool compressed = continues ? is_compressed_ : (header_[0] & kRsv1) != 0;
  const std::uint64_t most = payload_bytes_max(compressed, limits);
  if (!control && (before > most || length > most - before)) return refuse(too_large(before + length));
  return have < length_end + sizeof(MaskKey) ? Header::incomplete : Header::complete;
}

// FIN, the reserved bits and the opcode, against each other and the message that they come in.
std::optional<ReadFault> FrameReader::first_byte_fault(const ReaderLimits& limits) const {
  const std::uint8_t first = header_[0];
  const bool control = is_control(first);
  const bool continues = opcode() == Opcode::continuation;
  if ((first & kRsv2And3) != 0) return protocol_error("Reserved bit set");
  if (!is_known(first & 0x0F)) return protocol_error("Unknown opcode");
  if ((first & kRsv1) != 0 && (control || continues || limits.compression == Compression::off)) {
    return protocol_error("Reserved bit set");
  }
  if (control) return is_final() ? std::nullopt : std::optional(protocol_error("Fragmented control frame"));
  if (continues && !in_message_) return protocol_error("Nothing to continue");
  if (!continues && in_message_) return protocol_error("Message not finished");
  if ((continues ? fragments_ : 0) >= limits.fragments_max) return kTooManyFragments;
  return std::nullopt;
}

void FrameReader::begin_frame() {
  const std::size_t extended = extended_length_size(header_[1] & 0x7F);
  header_size_ = static_cast<std::uint8_t>(2 + extended + sizeof(MaskKey));
  header_done_ = true;
  remaining_ = payload_length(header_.data());
  if (is_control(opcode())) return;
  if (opcode() == Opcode::continuation) {
    ++fragments_;
    return;
  }
  in_message_ = true;
  is_text_ = opcode() == Opcode::text;
  is_compressed_ = (header_[0] & kRsv1) != 0;
  fragments_ = 1;
  message_size_ = 0;
  utf8_.reset();
}

void FrameReader::end_frame() {
  header_done_ = false;
  header_size_ = 0;
}

// Takes a piece of the payload, already unmasked and counted off from remaining_.
ReadResult FrameReader::read_data(std::span<char> chunk, const ReaderLimits& limits, MessageHandler& handler,
                                  Inflater* inflater) {
  const std::string_view text(chunk.data(), chunk.size());
  message_size_ += chunk.size();
  if (is_text_ && !is_compressed_ && !utf8_.feed(text)) return faulty(kInvalidUtf8);
  const bool completes = remaining_ == 0 && is_final();
  const bool is_whole = completes && buffer_.empty();
  if (!is_whole && is_kept(is_compressed_, limits) && !try_keep(chunk)) return faulty(kNoMemory);
  if (remaining_ > 0) return result_of(Next::go_on);
  end_frame();
  if (!completes) return result_of(Next::go_on);
  return finish_message(is_whole ? text : std::string_view(buffer_.data(), buffer_.size()), limits, handler,
                        inflater);
}

ReadResult FrameReader::finish_message(std::string_view payload, const ReaderLimits& limits,
                                       MessageHandler& handler, Inflater* inflater) {
  in_message_ = false;
  std::uint64_t size = message_size_;
  const bool inflates = is_compressed_ && is_kept(is_compressed_, limits);
  if (inflates) {
    const auto inflated = inflater->inflate(payload, limits.message_bytes_max);
    const bool readable = inflated && (!is_text_ || is_valid_utf8(*inflated));
    if (!readable) {
      inflater->trim();  // of what has been made of a bomb up to the cap
      return faulty(inflated ? kInvalidUtf8 : fault_of(inflated.error(), limits));
    }
    payload = *inflated;
    size = payload.size();
  } else if (is_text_ && !is_compressed_ && !utf8_.at_boundary()) {
    return faulty(kInvalidUtf8);
  }
  if (limits.payload == Payload::discard) payload = {};
  const Next next = handler.on_message(is_text_ ? Opcode::text : Opcode::binary, payload, size);
  if (inflates) inflater->trim();
  // A reader that is parked for the next few bytes must not hold a message's worth. (`= {}` would.)
  buffer_ = std::vector<char>();
  return result_of(next);
}

// A control frame cut in two waits behind the bytes of the message that it interrupts.
ReadResult FrameReader::read_control(std::span<char> chunk, MessageHandler& handler) {
  const std::size_t size = header_[1] & 0x7F;
  const std::size_t held = size - static_cast<std::size_t>(remaining_) - chunk.size();
  if (remaining_ > 0) {
    return try_keep(chunk) ? result_of(Next::go_on) : faulty(kNoMemory);
  }
  end_frame();
  if (held == 0) return finish_control({chunk.data(), size}, handler);
  if (!try_keep(chunk)) return faulty(kNoMemory);
  const std::size_t message_bytes = buffer_.size() - size;
  const ReadResult result = finish_control({buffer_.data() + message_bytes, size}, handler);
  if (message_bytes == 0) {
    buffer_ = std::vector<char>();
  } else {
    buffer_.resize(message_bytes);
  }
  return result;
}

ReadResult FrameReader::finish_control(std::string_view payload, MessageHandler& handler) {
  switch (opcode()) {
    case Opcode::ping:
      return result_of(handler.on_ping(payload));
    case Opcode::pong:
      return result_of(handler.on_pong(payload));
    case Opcode::close:
      return finish_close(payload, handler);
    case Opcode::continuation:
    case Opcode::text:
    case Opcode::binary:
      break;
  }
  CARILLON_ASSERT(false);  // read_control() gets no data frames
}

// Section 5.5.1: no body, or a code and a reason in UTF-8.
ReadResult FrameReader::finish_close(std::string_view payload, MessageHandler& handler) {
  constexpr ReadResult kClosed{ReadResult::Status::closed, 0, {}};
  if (payload.empty()) {
    handler.on_close(std::nullopt, {});
    return kClosed;
  }
  if (payload.size() == 1) return faulty(protocol_error("Close frame of one byte"));
  const auto high = static_cast<std::uint8_t>(payload[0]);
  const auto low = static_cast<std::uint8_t>(payload[1]);
  const auto code = static_cast<std::uint16_t>((high << 8) | low);
  if (!may_be_received(code)) return faulty(protocol_error("Invalid close code"));
  const std::string_view reason = payload.substr(2);
  if (!is_valid_utf8(reason)) return faulty(kInvalidUtf8);
  handler.on_close(code, reason);
  return kClosed;
}

// Grows by doubling what has been received, or by less when a message's last frame shows that no more
// will come; a declared length never makes it more. Control frames double too: else pings cut in two
// between tiny fragments would have the whole message copied each time.
bool FrameReader::try_keep(std::span<char> chunk) {
  const std::uint64_t needed = buffer_.size() + chunk.size();
  if (needed > buffer_.capacity()) {
    std::uint64_t room = std::max<std::uint64_t>(needed, 2 * std::uint64_t{buffer_.capacity()});
    if (is_final() && !is_control(opcode())) room = std::min(room, needed + remaining_);
    if (!try_reserve(buffer_, static_cast<std::size_t>(room))) return false;
  }
  buffer_.insert(buffer_.end(), chunk.begin(), chunk.end());
  return true;
}

}  // namespace carillon::websocket
