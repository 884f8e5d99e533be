// Each pair of settings that bound the same thing: one below, at, and one above the point where they meet.
#include "config/bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "config/test_environment.h"

namespace carillon::config {
namespace {

enum class Verdict { taken, warned, refused };

struct Probe {
  std::string text;  // a whole file
  Verdict verdict;
};

struct Row {
  std::string_view first;
  std::string_view second;
  std::vector<Probe> probes;
};

constexpr auto kTaken = Verdict::taken;
constexpr auto kWarned = Verdict::warned;
constexpr auto kRefused = Verdict::refused;

std::string server(const std::string& lines, const std::string& endpoint = "") {
  return "[server]\n" + lines + "\n" + orion_with(endpoint);
}
std::string bus(const std::string& lines) { return "[bus]\n" + lines + "\n" + orion_with(""); }
std::string bearer(const std::string& lines) { return server(lines, "auth.sources = [\"bearer\"]"); }
std::string publishing(const std::string& lines) {
  return "[bus]\nevent_bytes_max = 1000\n[[endpoint]]\nprofile = \"service\"\nclient_publish = \"on\"\n" +
         lines;
}
std::string values(std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += "\"v" + std::to_string(i) + "\",";
  return orion_with("select.by = \"query:types\"\nlimits.channels = 3\nselect.otherwise = [" + list + "]");
}
// The variable KEY_n holds a key of n bytes.
std::string api_key(int size) {
  return "[server]\nhead_bytes_max = 1024\nrequest_line_bytes_max = 512\n[api]\nkeys = [{ env = \"KEY_" +
         std::to_string(size) + "\" }]\n" + orion_with("");
}
std::string endpoint_key(int size) {
  return "[server]\nrequest_line_bytes_max = 512\n" +
         orion_with(
             "auth.mode = \"api_key\"\nauth.sources = [\"query:key\"]\nauth.api_keys = [{ env = \"KEY_" +
             std::to_string(size) + "\" }]");
}

std::vector<Row> rows_of_the_server() {
  return {
      {"server.head_bytes_max",
       "server.request_line_bytes_max",
       {{server("request_line_bytes_max = 4096\nhead_bytes_max = 4095"), kRefused},
        {server("request_line_bytes_max = 4096\nhead_bytes_max = 4096"), kTaken},
        {server("request_line_bytes_max = 4096\nhead_bytes_max = 4097"), kTaken}}},
      // "GET /ws?token= HTTP/1.1" has 23 bytes.
      {"server.token_bytes_max",
       "server.request_line_bytes_max",
       {{server("token_bytes_max = 8168"), kTaken},
        {server("token_bytes_max = 8169"), kTaken},
        {server("token_bytes_max = 8170"), kRefused},
        {server("token_bytes_max = \"auto\"\nrequest_line_bytes_max = 256"), kTaken},
        {server("request_line_bytes_max = 256"), kTaken},
        {server("token_bytes_max = 234\nrequest_line_bytes_max = 256"), kRefused}}},
      {"server.token_bytes_max",
       "server.head_bytes_max",
       {{bearer("token_bytes_max = 16124"), kTaken},
        {bearer("token_bytes_max = 16125"), kTaken},
        {bearer("token_bytes_max = 16126"), kRefused},
        {bearer("token_bytes_max = 65536\nhead_bytes_max = 131072"), kTaken}}},
      {"api.keys",
       "server.head_bytes_max",
       {{api_key(756), kTaken}, {api_key(757), kTaken}, {api_key(758), kRefused}}},
      {"auth.api_keys",
       "server.request_line_bytes_max",
       {{endpoint_key(490), kTaken}, {endpoint_key(491), kTaken}, {endpoint_key(492), kRefused}}},
      {"server.body_bytes_max",
       "bus.event_bytes_max",
       {{server("body_bytes_max = 1024\n[bus]\nevent_bytes_max = 1023"), kTaken},
        {server("body_bytes_max = 1024\n[bus]\nevent_bytes_max = 1024"), kTaken},
        {server("body_bytes_max = 1024\n[bus]\nevent_bytes_max = 1025"), kTaken}}},
      {"api.batch_max",
       "server.body_bytes_max",
       {{server("body_bytes_max = 1024\n[api]\nbatch_max = 9999"), kTaken},
        {server("body_bytes_max = 1024\n[api]\nbatch_max = 10000"), kTaken},
        {server("body_bytes_max = \"64MiB\"\n[api]\nbatch_max = 10000"), kTaken},
        {server("body_bytes_max = 1024\n[api]\nbatch_max = 10001"), kRefused}}},
      {"server.bodies_bytes_max",
       "server.body_bytes_max",
       {{server("body_bytes_max = \"1MiB\"\nbodies_bytes_max = 1048575"), kRefused},
        {server("body_bytes_max = \"1MiB\"\nbodies_bytes_max = 1048576"), kTaken},
        {server("body_bytes_max = \"1MiB\"\nbodies_bytes_max = 1048577"), kTaken},
        {server("body_bytes_max = \"64MiB\"\nbodies_bytes_max = \"auto\""), kTaken}}},
      {"bus.event_bytes_max",
       "server.inbox_bytes_max",
       {{bus("event_bytes_max = 1048575\n[server]\ninbox_bytes_max = \"1MiB\""), kTaken},
        {bus("event_bytes_max = 1048576\n[server]\ninbox_bytes_max = \"1MiB\""), kTaken},
        {bus("event_bytes_max = 1048577\n[server]\ninbox_bytes_max = \"1MiB\""), kTaken}}},
      {"server.drain",
       "server.drain_rate",
       {{server("drain = \"10ms\"\ndrain_rate = 1"), kTaken},
        {server("drain = \"1h\"\ndrain_rate = 1000000"), kTaken}}},
      {"server.drain_delay",
       "server.drain",
       {{server("drain_delay = \"1h\"\ndrain = \"10ms\""), kTaken},
        {server("drain_delay = \"0s\"\ndrain = \"1h\""), kTaken}}},
      {"bus.operation_timeout",
       "server.http_idle_timeout",
       {{server("http_idle_timeout = \"1s\"\n[bus]\noperation_timeout = \"1h\""), kTaken},
        {server("http_idle_timeout = \"1h\"\n[bus]\noperation_timeout = \"1s\""), kTaken}}},
      {"bus.backoff_min",
       "bus.backoff_max",
       {{bus("backoff_max = \"1s\"\nbackoff_min = \"999ms\""), kTaken},
        {bus("backoff_max = \"1s\"\nbackoff_min = \"1s\""), kTaken},
        {bus("backoff_max = \"1s\"\nbackoff_min = \"1001ms\""), kRefused}}},
  };
}

std::vector<Row> rows_of_an_endpoint() {
  return {
      {"inbound.message_bytes_max",
       "bus.event_bytes_max",
       {{publishing("inbound.message_bytes_max = 999"), kTaken},
        {publishing("inbound.message_bytes_max = 1000"), kTaken},
        {publishing("inbound.message_bytes_max = 1001"), kWarned},
        {publishing(""), kWarned}}},
      {"keepalive.timeout",
       "keepalive.ping",
       {{orion_with("keepalive.ping = \"10s\"\nkeepalive.timeout = \"9999ms\""), kRefused},
        {orion_with("keepalive.ping = \"10s\"\nkeepalive.timeout = \"10s\""), kTaken},
        {orion_with("keepalive.ping = \"10s\"\nkeepalive.timeout = \"10001ms\""), kTaken}}},
      {"inbound.control_burst",
       "inbound.control_rate",
       {{orion_with("inbound.control_burst = 9\ninbound.control_rate = 10"), kTaken},
        {orion_with("inbound.control_burst = 10\ninbound.control_rate = 10"), kTaken},
        {orion_with("inbound.control_burst = 11\ninbound.control_rate = 10"), kTaken}}},
      {"limits.connections",
       "server.connections_max",
       {{server("connections_max = 100", "limits.connections = 99"), kTaken},
        {server("connections_max = 100", "limits.connections = 100"), kTaken},
        {server("connections_max = 100", "limits.connections = 101"), kWarned},
        {"[server]\nconnections_max = 100\n[[endpoint]]\nprofile = \"grimnir\"\n",
         kTaken}}},  // the profile's 10,000
      {"limits.connections_per_ip",
       "limits.connections",
       {{orion_with("limits.connections = 10\nlimits.connections_per_ip = 9"), kTaken},
        {orion_with("limits.connections = 10\nlimits.connections_per_ip = 10"), kTaken},
        {orion_with("limits.connections = 10\nlimits.connections_per_ip = 11"), kWarned},
        {orion_with("limits.connections = \"off\"\nlimits.connections_per_ip = 11"), kTaken}}},
      {"limits.connections_per_user",
       "limits.connections",
       {{orion_with("limits.connections = 10\nlimits.connections_per_user = 9"), kTaken},
        {orion_with("limits.connections = 10\nlimits.connections_per_user = 10"), kTaken},
        {orion_with("limits.connections = 10\nlimits.connections_per_user = 11"), kWarned}}},
      {"limits.channels",
       "server.channels_max",
       {{server("channels_max = 100", "limits.channels = 99"), kTaken},
        {server("channels_max = 100", "limits.channels = 100"), kTaken},
        {server("channels_max = 100", "limits.channels = 101"), kWarned}}},
      {"select.otherwise",
       "limits.channels",
       {{values(2), kTaken}, {values(3), kTaken}, {values(4), kRefused}}},
      {"server.http_connections_per_ip",
       "server.http_connections_max",
       {{server("http_connections_max = 8\nhttp_connections_per_ip = 7"), kTaken},
        {server("http_connections_max = 8\nhttp_connections_per_ip = 8"), kTaken},
        {server("http_connections_max = 8\nhttp_connections_per_ip = 9"), kWarned},
        {server("http_connections_max = 8"), kTaken},
        {server("http_connections_max = \"auto\"\nhttp_connections_per_ip = 1000"), kTaken}}},
      {"bus.event_bytes_max",
       "lag.bytes_max",
       {{bus("event_bytes_max = \"64MiB\""), kTaken},
        {orion_with("lag.bytes_max = 1024"), kTaken},
        {orion_with("lag.bytes_max = \"64MiB\""), kTaken}}},
      {"bus.event_bytes_max",
       "server.backlog_bytes_max",
       {{bus("event_bytes_max = 16777215\n[server]\nbacklog_bytes_max = \"16MiB\""), kTaken},
        {bus("event_bytes_max = 16777216\n[server]\nbacklog_bytes_max = \"16MiB\""), kTaken},
        {bus("event_bytes_max = 16777217\n[server]\nbacklog_bytes_max = \"16MiB\""), kRefused},
        {bus("event_bytes_max = \"1GiB\"\n[server]\nbacklog_bytes_max = \"auto\""), kTaken}}},
      {"lag.bytes_max",
       "server.backlog_bytes_max",
       {{server("backlog_bytes_max = \"16MiB\"", "lag.bytes_max = 16777215"), kTaken},
        {server("backlog_bytes_max = \"16MiB\"", "lag.bytes_max = 16777216"), kTaken},
        {server("backlog_bytes_max = \"16MiB\"", "lag.bytes_max = 16777217"), kWarned}}},
      {"server.send_buffer_bytes",
       "server.notsent_low_water_bytes",
       {{server("send_buffer_bytes = 8192\nnotsent_low_water_bytes = 8191"), kTaken},
        {server("send_buffer_bytes = 8192\nnotsent_low_water_bytes = 8192"), kTaken},
        {server("send_buffer_bytes = 8192\nnotsent_low_water_bytes = 8193"), kWarned},
        {server("send_buffer_bytes = \"auto\"\nnotsent_low_water_bytes = 8193"), kTaken}}},
  };
}

std::vector<Row> rows() {
  std::vector<Row> all = rows_of_the_server();
  for (const Row& row : rows_of_an_endpoint()) all.push_back(row);
  return all;
}

// Only the messages about the two settings: other tests check other warnings.
Verdict verdict_of(const Loaded& loaded, const Row& row) {
  if (!loaded.errors.empty()) return Verdict::refused;
  const auto about = [&row](const Problem& warning) {
    return warning.key.ends_with(row.first) || warning.key.ends_with(row.second);
  };
  const bool warned = std::any_of(loaded.warnings.begin(), loaded.warnings.end(), about);
  return warned ? Verdict::warned : Verdict::taken;
}

TEST(Bounds, EachPairIsCheckedByItsRule) {
  FakeWorld world = good_world();
  for (const int size : {490, 491, 492, 756, 757, 758}) {
    world.variables["KEY_" + std::to_string(size)] = std::string(static_cast<std::size_t>(size), 'k');
  }
  for (const Row& row : rows()) {
    for (const Probe& probe : row.probes) {
      const Loaded loaded = load_in(world, probe.text);
      EXPECT_EQ(verdict_of(loaded, row), probe.verdict)
          << probe.text << ::testing::PrintToString(texts_of(loaded.errors))
          << ::testing::PrintToString(texts_of(loaded.warnings));
      EXPECT_LE(loaded.errors.size(), 1U) << probe.text;
    }
  }
}

TEST(Bounds, EveryPairOfThePageHasItsProbes) {
  std::vector<std::string> listed;
  for (const BoundPair& pair : bound_pairs()) {
    listed.push_back(std::string(pair.first) + " and " + std::string(pair.second));
  }
  std::vector<std::string> probed;
  for (const Row& row : rows()) probed.push_back(std::string(row.first) + " and " + std::string(row.second));
  EXPECT_EQ(listed, probed);
}

TEST(Bounds, ARefusalIncludesWhatToWrite) {
  EXPECT_THAT(
      texts_of(load_good(server("token_bytes_max = 8170")).errors),
      ::testing::ElementsAre(
          "gateway.toml:2: server.token_bytes_max: 8170 do not fit where the endpoint \"orion\" looks for "
          "tokens: server.request_line_bytes_max = 8KiB leaves 8169 bytes; write at most that, \"auto\", or "
          "server.request_line_bytes_max = 8193"));
  EXPECT_THAT(texts_of(load_good(server("token_bytes_max = 8170\nrequest_line_bytes_max = 8193")).errors),
              ::testing::IsEmpty());
  EXPECT_EQ(load_good(server("token_bytes_max = \"auto\"")).settings.server.token_bytes_max, 8192U);
  EXPECT_EQ(load_good(orion_with("")).settings.server.token_bytes_max, 8192U);
}

}  // namespace
}  // namespace carillon::config
