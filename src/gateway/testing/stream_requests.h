// Requests for event streams, and an endpoint that has them. For tests.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {

inline const std::string kStreaming = std::string(kOrion) +
                                      "frames.event = '{\"c\":$channel,\"b\":$body}'\n"
                                      "transports = [\"websocket\", \"sse\", \"ndjson\"]\n";
inline constexpr std::size_t kSseEndpoint = 1;
inline constexpr std::size_t kNdjsonEndpoint = 2;
inline constexpr std::string_view kOpening = "retry: 3000\n\n";

inline std::string with_token(std::string_view query = {}) {
  return "/ws?token=" + token_with(R"({"sub":"alice"})") + std::string(query);
}
inline std::string sse_request(std::string_view target, std::string_view headers = {}) {
  return get(target, "Host: x\r\nAccept: text/event-stream\r\n" + std::string(headers));
}
inline std::string ndjson_request(std::string_view target) {
  return get(target, "Host: x\r\nAccept: application/x-ndjson\r\n");
}
inline std::string sse_of_alice(std::string_view headers = {}) { return sse_request(with_token(), headers); }

inline std::string status_and_body(const Answer& answer) {
  return answer.head.substr(9, 3) + " " + answer.body;
}

// Opens a stream and takes its head and first bytes.
inline int open_stream(ShardStage& stage, std::string_view request,
                       const std::string& address = "192.0.2.1") {
  const Answer answer = stage.ask(request, address);
  EXPECT_EQ(answer.head.substr(0, 15), "HTTP/1.1 200 OK") << answer.head << answer.body;
  return stage.last_fd;
}

}  // namespace carillon::gateway::testing
