// Events as Server-Sent Events: the event stream format of the HTML standard, section "Server-sent events".
//
// Any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "transport/wire_format.h"

namespace carillon::transport {

// One record of an event stream. `id` and `event` have no line breaks; a field that is empty is left out.
// `data` may have line breaks: each of its lines becomes a `data:` field, and the client joins them by LF.
struct SseRecord {
  std::string_view id{};     // Last-Event-ID of the client from now on
  std::string_view event{};  // the type for which the client has a listener; empty: "message"
  std::string_view data{};
};

std::size_t size_of(const SseRecord& record);
// Writes size_of(record) bytes, and returns the end of them.
char* write(char* out, const SseRecord& record);

const WireFormat& sse_format();

}  // namespace carillon::transport
