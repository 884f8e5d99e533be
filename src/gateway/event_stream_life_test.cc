// Open event streams on fake time and fake sockets: heartbeats, what clients send, and how streams end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/testing/stream_requests.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// --- keepalive ----------------------------------------------------------------------------------

TEST(EventStreamKeepalive, AHeartbeatIsSentEveryFifteenSeconds) {
  ShardStage stage(kStreaming);
  const int sse = open_stream(stage, sse_of_alice());
  const int ndjson = open_stream(stage, ndjson_request(with_token()));
  stage.run_for(milliseconds(14'980));
  EXPECT_EQ(stage.take_received(sse), "");
  for (int i = 0; i < 8; ++i) {
    stage.run_for(seconds(15));
    EXPECT_EQ(stage.take_received(sse), ":\n\n");
    EXPECT_EQ(stage.take_received(ndjson), "\n");
  }
  EXPECT_TRUE(stage.sockets[sse].is_open()) << "it has answered nothing, and need not";
}

TEST(EventStreamKeepalive, AClientWhoseSystemAcknowledgesNoHeartbeatIsReset) {
  ShardStage stage(kStreaming);
  const int fd = open_stream(stage, sse_of_alice());
  stage.run_for(milliseconds(15'500));
  stage.sockets[fd].unacked = 0;
  stage.run_for(seconds(14));  // the first heartbeat has been acknowledged by now
  stage.sockets[fd].unacked = 1;
  stage.run_for(seconds(1));  // the second is on its way
  EXPECT_TRUE(stage.sockets[fd].is_open());
  for (int i = 0; i < 20 && stage.sockets[fd].is_open(); ++i) {
    stage.sockets[fd].unacked = 4;
    stage.run_for(seconds(1));
  }
  EXPECT_TRUE(stage.was_reset(fd));
  EXPECT_EQ(stage.closes(CloseReason::ping_timeout, kSseEndpoint), 1U);
  stage.expect_nothing_left();
}

TEST(EventStreamKeepalive, OffSendsNothing) {
  ShardStage stage(kStreaming + "keepalive.stream = \"off\"\n");
  const int fd = open_stream(stage, sse_of_alice());
  stage.take_received(fd);
  stage.run_for(seconds(300));
  EXPECT_EQ(stage.take_received(fd), "");
}

TEST(EventStreamKeepalive, AStallOfTheGatewayClosesNoStream) {
  ShardStage stage(kStreaming);
  const int fd = open_stream(stage, sse_of_alice());
  stage.run_for(seconds(20));
  stage.stall(seconds(120));
  stage.run_for(seconds(60));
  EXPECT_TRUE(stage.sockets[fd].is_open());
}

// --- what a client sends ------------------------------------------------------------------------

TEST(EventStreamInput, IsIgnoredUpToALimit) {
  ShardStage stage(kStreaming);
  const int below = open_stream(stage, sse_of_alice());
  const int at = open_stream(stage, sse_of_alice());
  const int over = open_stream(stage, sse_of_alice() + "x");  // with the request
  stage.send(below, std::string(EventStreams::kIgnoredBytesMax - 1, 'x'));
  stage.send(at, std::string(EventStreams::kIgnoredBytesMax / 2, 'x'));
  stage.send(at, std::string(EventStreams::kIgnoredBytesMax / 2, 'x'));
  EXPECT_EQ(stage.all_closes(), 0U);
  stage.send(over, std::string(EventStreams::kIgnoredBytesMax, 'x'));
  EXPECT_EQ(stage.closes(CloseReason::protocol_error, kSseEndpoint), 1U);
  EXPECT_TRUE(stage.sockets[over].shut_down);
  stage.publish("orion.a", "1");
  EXPECT_THAT(stage.take_received(at), HasSubstr("orion.a"));
}

TEST(EventStreamInput, AClientThatShutsItsSideIsGone) {
  ShardStage stage(kStreaming);
  const int fd = open_stream(stage, sse_of_alice());
  stage.end(fd);
  EXPECT_TRUE(stage.was_closed(fd));
  EXPECT_EQ(stage.closes(CloseReason::client_gone, kSseEndpoint), 1U);
  stage.expect_nothing_left();
}

// --- how streams end ----------------------------------------------------------------------------

TEST(EventStreamEnd, ADrainTellsWhenToReconnectAfterThePendingEvents) {
  ShardStage stage(kStreaming + "frames.drain = '{\"after\":$retry_ms}'\n");
  const int sse = open_stream(stage, sse_of_alice());
  const int ndjson = open_stream(stage, ndjson_request(with_token()));
  stage.sockets[sse].capacity = 0;
  stage.publish("orion.a", "1");
  stage.take_received(ndjson);
  stage.admission.begin_drain();
  stage.shard->begin_drain(milliseconds(100));
  stage.run_for(milliseconds(200));
  stage.let_read(sse, FakeSocket::kEndless);
  const std::string received = stage.take_received(sse);
  EXPECT_THAT(received, StartsWith("data: {\"c\":\"orion.a\",\"b\":1}\n\ndata: {\"after\":"));
  const std::size_t hint = received.find("retry: ");
  ASSERT_NE(hint, std::string::npos) << received;
  EXPECT_TRUE(received.ends_with("\n\n"));
  const std::size_t in_message = received.find("after\":") + 7;
  EXPECT_EQ(received.substr(in_message, received.find('}', in_message) - in_message),
            received.substr(hint + 7, received.size() - hint - 9))
      << "both are the same time";
  EXPECT_THAT(stage.take_received(ndjson), StartsWith("{\"after\":"));
  EXPECT_EQ(stage.closes(CloseReason::shutdown, kSseEndpoint), 1U);
  for (const int fd : {sse, ndjson}) {
    EXPECT_TRUE(stage.sockets[fd].shut_down);
    stage.end(fd);
  }
  stage.expect_nothing_left();
}

TEST(EventStreamEnd, AStreamEndsWhenItsTokenExpires) {
  ShardStage stage(kStreaming + "auth.close_at_exp = 4001\n");
  const auto now = std::chrono::duration_cast<seconds>(stage.loop.wall_now().time_since_epoch()).count();
  const std::string token = token_with("{\"exp\":" + std::to_string(now + 20) + "}");
  const int fd = open_stream(stage, sse_request("/ws?token=" + token));
  stage.run_for(seconds(19));
  EXPECT_TRUE(stage.sockets[fd].is_open());
  stage.take_received(fd);
  stage.run_for(seconds(2));
  EXPECT_EQ(stage.take_received(fd), "") << "there is no frame for the code";
  EXPECT_TRUE(stage.sockets[fd].shut_down);
  EXPECT_EQ(stage.closes(CloseReason::token_expired, kSseEndpoint), 1U);
}

TEST(EventStreamEnd, ASlowClientIsReset) {
  ShardStage stage(kStreaming + "lag = { bytes_max = 4096, grace = \"1s\" }\n");
  const int slow = open_stream(stage, sse_of_alice());
  const int fast = open_stream(stage, sse_of_alice());
  stage.take_received(slow);
  stage.sockets[slow].capacity = 100;
  for (int i = 0; i < 30; ++i) {
    stage.publish("orion.a", '"' + std::string(1000, 'x') + '"');
    stage.run_for(milliseconds(100));
  }
  EXPECT_TRUE(stage.was_reset(slow));
  EXPECT_EQ(stage.closes(CloseReason::slow_consumer, kSseEndpoint), 1U);
  EXPECT_TRUE(stage.sockets[fast].is_open());
  const std::string received = stage.take_received(fast);
  EXPECT_EQ(std::count(received.begin(), received.end(), '\n'), 30 * 2) << "every event";
}

TEST(EventStreamEnd, EventsThatAShardLostEndItsStreams) {
  ShardStage stage(kStreaming);
  const int fd = open_stream(stage, sse_of_alice());
  stage.take_received(fd);
  stage.link.lose = 1;
  stage.publish("orion.a", "1");
  stage.publish("orion.a", "2");
  EXPECT_EQ(stage.take_received(fd), "");
  EXPECT_EQ(stage.closes(CloseReason::overrun, kSseEndpoint), 1U);
}

TEST(EventStreamEnd, AnEventTooLargeForOneEncodingIsDroppedForItAlone) {
  ShardStage stage(std::string(kOrion) + "frames.event = '$body'\ntransports = [\"websocket\", \"sse\"]\n");
  stage.router.set_frame_bytes_max(2000);
  const int websocket = stage.open(upgrade_of(with_token()));
  const int sse = open_stream(stage, sse_of_alice());
  stage.publish("orion.a", "1" + std::string(1000, '\n'));
  EXPECT_EQ(stage.take_frames(websocket).size(), 1U);
  EXPECT_EQ(stage.take_received(sse), "") << "each line break would take seven bytes";
  EXPECT_EQ(stage.router.counters().dropped_too_large.get(), 1U);
  stage.publish("orion.a", "1" + std::string(200, '\n'));
  EXPECT_EQ(stage.take_received(sse).size(), 6 * 201U + 1 + 201 + 1);
}

}  // namespace
}  // namespace carillon::gateway::testing
