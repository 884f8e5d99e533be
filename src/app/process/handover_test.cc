#include "app/process/handover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace carillon::app {
namespace {

using ::testing::HasSubstr;

std::vector<reactor::FileDescriptor> descriptors(std::size_t count) {
  std::vector<reactor::FileDescriptor> all;
  for (std::size_t i = 0; i < count; ++i) all.emplace_back(::dup(STDIN_FILENO));
  return all;
}

std::string message() {
  auto tls = std::make_shared<config::ListenTls>();
  tls->cert_pem = "a certificate";
  tls->key_pem = Secret("its key");
  const std::vector<config::ListenSettings> addresses = {
      {"127.0.0.1", 8000, {}, config::ProxyProtocol::on, nullptr},
      {"::1", 8443, {}, config::ProxyProtocol::off, std::move(tls)}};
  client::ListenerOptions plain;
  client::ListenerOptions encrypted;
  encrypted.number = 1;
  return handover_message(4711, std::chrono::seconds(2), {plain, encrypted, plain}, addresses,
                          {{Secret(std::string(reactor::TicketKey::kBytes, 'k')), WallTime(milliseconds(5))},
                           {Secret(std::string(reactor::TicketKey::kBytes, 'e')), WallTime(milliseconds(3))}},
                          gateway::InheritedNumbers{~std::uint64_t{0}, 12, "carillon.probe.x"});
}

TEST(Handover, WhatIsWrittenIsRead) {
  const auto read = read_handover(message(), descriptors(3));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->pid, 4711);
  EXPECT_EQ(read->watchdog, std::chrono::seconds(2));
  const auto& tickets = read->inheritance.ticket_keys;
  ASSERT_EQ(tickets.size(), 2U);
  EXPECT_EQ(tickets[0].bytes.reveal(), std::string(reactor::TicketKey::kBytes, 'k'));
  EXPECT_EQ(tickets[0].made_at, WallTime(milliseconds(5)));
  EXPECT_EQ(tickets[1].bytes.reveal(), std::string(reactor::TicketKey::kBytes, 'e'));
  ASSERT_TRUE(read->inheritance.numbers);
  EXPECT_EQ(read->inheritance.numbers->epoch, ~std::uint64_t{0});
  EXPECT_EQ(read->inheritance.numbers->last_event, 12U);
  EXPECT_EQ(read->inheritance.numbers->marker_channel, "carillon.probe.x");
  const auto& sockets = read->inheritance.sockets;
  ASSERT_EQ(sockets.size(), 3U);
  EXPECT_EQ(sockets[0].address.text(), "127.0.0.1:8000");
  EXPECT_EQ(sockets[0].proxy_protocol, config::ProxyProtocol::on);
  EXPECT_FALSE(sockets[0].tls);
  EXPECT_EQ(sockets[1].address.text(), "[::1]:8443");
  ASSERT_TRUE(sockets[1].tls);
  EXPECT_EQ(sockets[1].tls->cert_pem, "a certificate");
  EXPECT_EQ(sockets[1].tls->key_pem.reveal(), "its key");
  EXPECT_TRUE(sockets[2].socket);
}

TEST(Handover, TheNumberOfSocketsAndDescriptorsMustAgree) {
  EXPECT_THAT(read_handover(message(), descriptors(2)).error().message, HasSubstr("too few sockets"));
  EXPECT_THAT(read_handover(message(), descriptors(4)).error().message, HasSubstr("too many sockets"));
}

TEST(Handover, AnythingElseIsRefused) {
  for (const std::string_view text :
       {"", "[]", "{}", R"({"format":2,"sockets":[]})", R"({"format":1})", R"({"format":1,"sockets":[{}]})",
        R"({"format":1,"sockets":[{"host":"::1","port":65536}]})"}) {
    EXPECT_FALSE(read_handover(text, descriptors(1))) << text;
  }
}

}  // namespace
}  // namespace carillon::app
