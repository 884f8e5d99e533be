// Limits the HTTP connections of one client address; runs through a real shard.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/descriptor_table.h"
#include "gateway/testing/shard_stage.h"
#include "reactor/raw_address.h"

namespace carillon::gateway::testing {
namespace {

constexpr std::string_view kThree =
    "server.shards = 1\nserver.http_connections_per_ip = 3\nserver.trusted_proxies = [\"192.0.2.9\"]\n";

std::string with_limit() { return std::string(kThree) + std::string(kOrion); }

// A kept-alive connection that has had an answer.
int idle_connection(ShardStage& stage, const std::string& address) {
  const int fd = stage.connect(address);
  stage.send(fd, get("/now", "Host: x\r\n"));
  EXPECT_EQ(split_answer(stage.take_received(fd)).head.substr(0, 12), "HTTP/1.1 200");
  stage.run_for(milliseconds(1));
  return fd;
}

void close_all(ShardStage& stage) {
  for (const auto& [fd, socket] : stage.sockets.all()) {
    if (socket.is_open()) stage.end(fd);
  }
  stage.run_for(seconds(10));
  stage.expect_nothing_left();
  EXPECT_EQ(stage.shard->counters().http_connections.get(), 0U);
}

TEST(Accepting, OverTheLimitOfAnAddressItsLongestIdleConnectionIsClosed) {
  ShardStage stage(with_limit());
  const int first = idle_connection(stage, "192.0.2.1");
  const int second = idle_connection(stage, "192.0.2.1");
  const int third = idle_connection(stage, "192.0.2.1");
  EXPECT_TRUE(stage.sockets[first].is_open());
  idle_connection(stage, "192.0.2.2");
  EXPECT_TRUE(stage.sockets[first].is_open()) << "another address is not this one's concern";
  stage.send(first, get("/now", "Host: x\r\n"));  // now the second one has been idle longest
  idle_connection(stage, "192.0.2.1");
  EXPECT_TRUE(stage.sockets[first].is_open());
  EXPECT_TRUE(stage.was_closed(second));
  EXPECT_TRUE(stage.sockets[third].is_open());
  EXPECT_EQ(stage.shard->counters().http_idle_closed.get(), 1U);
  EXPECT_EQ(stage.shard->counters().http_connections.get(), 4U);
  close_all(stage);
}

TEST(Accepting, WhenNoneOfAnAddressIsIdleTheNewConnectionIsRefused) {
  ShardStage stage(with_limit());
  std::vector<int> busy;
  for (int i = 0; i < 3; ++i) {
    busy.push_back(stage.connect("2001:db8::" + std::to_string(i + 1)));
    stage.send(busy.back(), "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");
  }
  EXPECT_TRUE(stage.was_closed(stage.connect("2001:db8::ffff")));
  EXPECT_EQ(stage.refusals(RefusalReason::http_address_full), 1U);
  for (const int fd : busy) EXPECT_TRUE(stage.sockets[fd].is_open());
  for (const Responder& later : stage.api.deferred) later(FakeApi::text("done"));
  stage.settle();
  close_all(stage);
}

TEST(Accepting, AConnectionWithoutAWholeHeadForASecondIsClosedToMakeRoom) {
  ShardStage stage(with_limit());
  const int silent = stage.connect("192.0.2.1");
  for (int i = 0; i < 2; ++i) stage.connect("192.0.2.1");
  EXPECT_TRUE(stage.was_closed(stage.connect("192.0.2.1"))) << "all have just come";
  stage.run_for(seconds(1));
  EXPECT_TRUE(stage.sockets[stage.connect("192.0.2.1")].is_open());
  EXPECT_TRUE(stage.was_closed(silent));
  EXPECT_EQ(stage.refusals(RefusalReason::http_connections_max), 1U);
  close_all(stage);
}

// Regression: eight clients were closed in CI although their requests waited in the kernel during a stall.
TEST(Accepting, AConnectionWhoseRequestWaitsToBeReadIsNotClosedToMakeRoom) {
  ShardStage stage(with_limit());
  std::vector<int> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(stage.connect("192.0.2.1"));
  stage.run_for(milliseconds(990));
  stage.sockets.set_cost_of_a_look(seconds(1));  // one visit a turn
  for (const int fd : waiting) stage.arrive(fd, get("/now", "Host: x\r\n"));
  stage.loop.advance(milliseconds(20));
  const int late = stage.connect("192.0.2.1");
  stage.sockets.set_cost_of_a_look({});
  stage.settle();
  for (const int fd : waiting) {
    EXPECT_EQ(split_answer(stage.take_received(fd)).head.substr(0, 12), "HTTP/1.1 200");
  }
  EXPECT_EQ(stage.refusals(RefusalReason::http_connections_max), 0U);
  EXPECT_TRUE(stage.was_closed(late)) << "there was no room for it";
  close_all(stage);
}

TEST(Accepting, WebSocketsLoopbackAndTrustedProxiesAreNotCounted) {
  ShardStage stage(with_limit());
  for (int i = 0; i < 10; ++i) stage.open_orion("192.0.2.1");
  for (const auto* address : {"127.0.0.1", "::1", "192.0.2.9"}) {
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(stage.sockets[idle_connection(stage, address)].is_open());
  }
  EXPECT_EQ(stage.shard->counters().http_connections.get(), 30U);
  EXPECT_EQ(stage.shard->counters().http_idle_closed.get(), 0U);
  close_all(stage);
}

TEST(Accepting, BehindAProxyProtocolHeaderTheClientsAddressIsCounted) {
  ShardStage stage(with_limit());
  stage.options.proxy_protocol = config::ProxyProtocol::on;
  const auto come = [&](const std::string& client) {
    const int fd = stage.connect("192.0.2.9");
    stage.send(fd, "PROXY TCP4 " + client + " 192.0.2.1 1 2\r\n");
    return fd;
  };
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(stage.sockets[come("198.51.100.7")].is_open());
  EXPECT_TRUE(stage.was_closed(come("198.51.100.7")));
  EXPECT_TRUE(stage.sockets[come("198.51.100.8")].is_open());
  close_all(stage);
}

TEST(Accepting, ARefusedConnectionThatStaysOpenDoesNotBlockOthers) {
  ShardStage stage(with_limit());
  for (int i = 0; i < 20; ++i) {
    const int fd = stage.connect("192.0.2.1");
    stage.send(fd, get("/nowhere", "Host: x\r\n"));
    EXPECT_EQ(split_answer(stage.take_received(fd)).head.substr(0, 12), "HTTP/1.1 404") << i;
  }
  EXPECT_EQ(stage.refusals(RefusalReason::http_address_full), 0U);
  close_all(stage);
}

// Closing a socket of the kernel resets the connections that wait in its queue.
TEST(Accepting, TheConnectionsThatWaitForALeftOverSocketAreAcceptedBeforeItIsClosed) {
  ShardStage stage(with_limit());
  auto listener = reactor::listen_on({"127.0.0.1", 0}, 256);
  ASSERT_TRUE(listener);
  const auto address = reactor::RawAddress::from(*reactor::local_address(listener->get()));
  ListenerOptions options;
  options.is_left_over = true;
  ASSERT_TRUE(stage.shard->acceptor().listen(std::move(*listener), options));
  constexpr std::size_t kClients = 150;  // more than one turn accepts
  std::vector<reactor::FileDescriptor> clients;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(0, ::connect(clients.back().get(), address->get(), address->size));
  }
  stage.shard->acceptor().stop_listening_on_left_over();
  EXPECT_EQ(stage.shard->counters().accepts.get(), kClients);
  EXPECT_TRUE(stage.shard->acceptor().listeners().all().empty());
  close_all(stage);
}

TEST(Accepting, TheLimitOnHttpConnectionsThatIsInUseIsExported) {
  for (const auto& [setting, limit] :
       {std::pair(std::string(), descriptor_limit() / 4),
        std::pair(std::string("server.http_connections_max = 40\n"), std::uint64_t{40})}) {
    ShardStage stage(setting + with_limit());
    stage.shard->acceptor().begin_serving(std::make_shared<reactor::DescriptorBudget>());
    EXPECT_EQ(stage.shard->counters().http_connections_limit.get(), limit);
    close_all(stage);
  }
}

}  // namespace
}  // namespace carillon::gateway::testing
