// Close codes, close reasons and texts: each is a value of the endpoint, with the default that it always had.
// Each case makes the situation that sends one, once without the setting and once with a value of its own.
#include <gtest/gtest.h>

#include <functional>

#include "auth/base64url.h"
#include "base/testing/allocation_ceiling.h"
#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using config::ErrorDetail;
using websocket::Opcode;

const std::string kFluxora = "[[endpoint]]\nprofile = \"fluxora\"\n";
const std::string kService = "[[endpoint]]\nprofile = \"service\"\n";
const std::string kByQuery = kFluxora + "select.by = \"query:id\"\nselect.value = \"/streamId\"\n";

void open_and_send(ShardStage& stage, std::string_view bytes) { stage.send(stage.open_orion(), bytes); }

// --- close frames -------------------------------------------------------------------------------

struct CloseCase {
  std::string key;  // of code and reason, up to "_code" and "_reason"
  std::string toml;
  std::string by_default;
  std::function<void(ShardStage&)> until_closed;  // the client in question is the last that connected
};

void expire(ShardStage& stage) {
  const auto exp = std::chrono::duration_cast<seconds>(stage.loop.wall_now().time_since_epoch()).count() + 5;
  stage.open(upgrade_of("/ws?token=" + token_with(R"({"sub":"a","exp":)" + std::to_string(exp) + "}")));
  stage.run_for(seconds(6));
}

void lose_a_batch(ShardStage& stage) {
  stage.open_orion();
  stage.publish("orion.a", "1");
  stage.link.lose = 1;
  stage.publish("orion.a", "2");
  stage.publish("orion.a", "3");
}

void lose_the_bus(ShardStage& stage) {
  stage.open_orion();
  stage.router.on_gap();
  stage.publish("orion.a", "1");
}

void fall_behind(ShardStage& stage) {
  stage.sockets[stage.open_orion()].capacity = 100;
  for (int i = 0; i < 20; ++i) {
    stage.publish("orion.a", '"' + std::string(2000, 'x') + '"');
    stage.run_for(milliseconds(50));
  }
  stage.let_read(stage.last_fd, FakeSocket::kEndless);
}

void echo_without_memory(ShardStage& stage) {
  const int fd = stage.open(upgrade_of("/echo"));
  const carillon::testing::AllocationCeiling ceiling(10'000);
  stage.send(fd, client_frame(Opcode::text, std::string(20'000, 'x')));
}

void send_two_fragments(ShardStage& stage) {
  open_and_send(stage, client_frame(Opcode::text, "a", websocket::Fin::no) +
                           client_frame(Opcode::continuation, "b", websocket::Fin::yes));
}

void shut_down(ShardStage& stage) {
  stage.open_orion();
  stage.admission.begin_drain();
  stage.shard->begin_drain(milliseconds(10));
  stage.run_for(milliseconds(50));
}

std::vector<CloseCase> close_cases() {
  const std::string orion(kOrion);
  return {
      {"auth.expired", orion + "auth.close_at_exp = 1008\n", "1008 Token expired", expire},
      {"source.gap", orion, "1013 Events lost", lose_a_batch},
      {"source.gap", orion + "source.on_gap = \"close\"\n", "1013 Events lost", lose_the_bus},
      {"lag.close", orion + "lag.bytes_max = 1024\nlag.grace = \"10ms\"\n", "1008 Slow consumer",
       fall_behind},
      {"inbound.too_large", orion, "1009 Message too large",
       [](ShardStage& stage) { open_and_send(stage, client_frame(Opcode::text, std::string(513, 'x'))); }},
      {"inbound.fragments", orion + "inbound.fragments_max = 1\n", "1009 Too many fragments",
       send_two_fragments},
      {"inbound.control", orion + "inbound.control_rate = 1\ninbound.control_burst = 1\n",
       "1008 Too many control frames",
       [](ShardStage& stage) {
         open_and_send(stage, client_frame(Opcode::pong, "") + client_frame(Opcode::pong, ""));
       }},
      {"inbound.rate.close", orion + "inbound.rate.messages = 1\n", "1008 Rate limit exceeded",
       [](ShardStage& stage) {
         open_and_send(stage, client_frame(Opcode::text, "1") + client_frame(Opcode::text, "2"));
       }},
      {"limits.channels", "server.channels_max = 1\n" + kByQuery, "1013 Too many channels",
       [](ShardStage& stage) {
         stage.open(upgrade_of("/ws/streams?id=a"));
         stage.last_fd = stage.connect();
         stage.send(stage.last_fd, upgrade_of("/ws/streams?id=b"));
       }},
      {"memory", std::string(kEcho), "1013 Out of memory", echo_without_memory},
      {"shutdown", orion, "1001", shut_down},
  };
}

std::string last_frame(const std::string& toml, const std::function<void(ShardStage&)>& until_closed) {
  ShardStage stage(toml);
  until_closed(stage);
  std::string received = stage.take_received(stage.last_fd);
  if (received.starts_with("HTTP/1.1 101")) received.erase(0, received.find("\r\n\r\n") + 4);
  const auto frames = frames_of(received);
  return frames.empty() ? "nothing" : frames.back();
}

TEST(CloseTexts, AreTheDefaultsUnlessTheEndpointHasItsOwn) {
  for (const CloseCase& each : close_cases()) {
    SCOPED_TRACE(each.key);
    EXPECT_EQ(last_frame(each.toml, each.until_closed), "close " + each.by_default);
    const std::string reason = each.key + "_reason = \"In other words\"\n";
    const std::string code = each.key == "auth.expired" ? "auth.close_at_exp" : each.key + "_code";
    std::string toml = each.toml + reason + code + " = 4001\n";
    if (each.key == "auth.expired") toml = std::string(kOrion) + reason + code + " = 4001\n";
    EXPECT_EQ(last_frame(toml, each.until_closed), "close 4001 In other words");
    EXPECT_EQ(last_frame(each.toml + each.key + "_reason = \"\"\n", each.until_closed),
              "close " + each.by_default.substr(0, 4));
  }
}

// --- refused upgrades ---------------------------------------------------------------------------

struct RefusalCase {
  std::string key;  // below "refusals."
  std::string toml;
  std::string by_default;
  std::function<Answer(ShardStage&)> ask;
};

Answer ask_twice(ShardStage& stage) {
  stage.open_orion();
  return stage.ask(orion_upgrade());
}

Answer ask_with(ShardStage& stage, std::string_view headers) {
  return stage.ask(get("/ws?token=" + token_with("{}"), std::string(kUpgradeHeaders) + std::string(headers)));
}

// One upgrade more than may wait for a key set that is being fetched.
Answer ask_with_unknown_keys(ShardStage& stage) {
  const std::string token = auth::encode_base64url(R"({"alg":"RS256","kid":"x"})") + ".e30.AAAA";
  for (std::size_t i = 0; i < KeyWaits::kWaitingMax; ++i) {
    const std::string address = "10.0." + std::to_string(i / 100) + "." + std::to_string(i % 100);
    stage.send(stage.connect(address), upgrade_of("/ws?token=" + token));
  }
  return stage.ask(upgrade_of("/ws?token=" + token));
}

Answer ask_with_wrong_keys(ShardStage& stage) {
  for (std::size_t i = 0; i < KeyGuesses::kWrongKeysMax; ++i) {
    ask_with(stage, "X-API-Key: wrong" + std::to_string(i) + "\r\n");
  }
  return ask_with(stage, "X-API-Key: wrong\r\n");
}

std::vector<RefusalCase> refusal_cases() {
  const std::string orion(kOrion);
  const std::string of_address = "too many connections from this address";
  return {
      {"draining", orion, "shutting down",
       [](ShardStage& stage) {
         stage.admission.begin_drain();
         return stage.ask(orion_upgrade());
       }},
      {"memory", orion, "short of memory",
       [](ShardStage& stage) {
         stage.admission.set_memory(MemoryLevel::refusing);
         return stage.ask(orion_upgrade());
       }},
      {"connections_max", "server.connections_max = 1\n" + orion, "too many connections", ask_twice},
      {"endpoint_full", orion + "limits.connections = 1\n", "too many connections", ask_twice},
      {"address_full", orion + "limits.connections_per_ip = 1\n", of_address, ask_twice},
      {"accept_rate", orion + "limits.accepts_per_ip = 1\n", of_address, ask_twice},
      {"process_accept_rate", "server.accepts_rate = 1\n" + orion, "too many new connections", ask_twice},
      {"user_full", orion + "limits.connections_per_user = 1\n", "too many connections of this user",
       ask_twice},
      {"wrong_keys",
       orion + "auth.mode = \"api_key\"\nauth.sources = [\"header:X-API-Key\"]\n"
               "auth.api_keys = [\"the-right-key-0123\"]\n",
       "too many wrong keys from this address", ask_with_wrong_keys},
      {"key_waits",
       "[keys.main]\nalgorithms = [\"RS256\"]\njwks_url = \"https://id.example.com/keys\"\n" + orion,
       "too many requests at once", ask_with_unknown_keys},
      {"origin", orion + "origins = [\"https://a.example\"]\n", "origin not allowed",
       [](ShardStage& stage) { return ask_with(stage, "Origin: https://b.example\r\n"); }},
      {"repeated_origin", orion, "more than one Origin",
       [](ShardStage& stage) { return ask_with(stage, "Origin: https://b\r\nOrigin: https://b\r\n"); }},
      {"bad_extensions", orion, "malformed Sec-WebSocket-Extensions",
       [](ShardStage& stage) { return ask_with(stage, "Sec-WebSocket-Extensions: ;;\r\n"); }},
      {"bad_path",
       orion + "path = \"/r/{room}\"\nauth.mode = \"none\"\nselect.by = \"path:room\"\nselect.known = [1]\n",
       "the path does not name a channel", [](ShardStage& stage) { return stage.ask(upgrade_of("/r/2")); }},
      {"bad_selection", kByQuery + "limits.channels = 1\n", "the query cannot be read, or asks for too much",
       [](ShardStage& stage) { return stage.ask(upgrade_of("/ws/streams?id=a,b")); }},
  };
}

TEST(RefusalTexts, AreTheDefaultsUnlessTheEndpointHasItsOwn) {
  for (const RefusalCase& each : refusal_cases()) {
    SCOPED_TRACE(each.key);
    ShardStage stage(each.toml);
    const Answer answer = each.ask(stage);
    EXPECT_EQ(answer.body, "{\"message\":\"" + each.by_default + "\"}");
    ShardStage own(each.toml + "refusals." + each.key + " = 'say \"please\"'\n");
    const Answer other = each.ask(own);
    EXPECT_EQ(other.body, R"({"message":"say \"please\""})");
    EXPECT_EQ(other.head.substr(9, 3), answer.head.substr(9, 3));
  }
}

// --- details of error frames --------------------------------------------------------------------

struct DetailCase {
  ErrorDetail detail;
  std::string lines;  // of the endpoint
  std::string message;
  std::string by_default;
};

std::string subscribe_command(std::string_view channel) {
  return R"({"type":"subscribe","data":{"channel":")" + std::string(channel) + "\"}}";
}
std::string chat_in(std::string_view conversation) {
  return R"({"type":"chat_message","data":{"content":"hi","conversation_id":")" + std::string(conversation) +
         "\"}}";
}

const std::string kPublishes = "client_publish = \"on\"\n";

std::vector<DetailCase> detail_cases() {
  return {
      {ErrorDetail::not_json, "", "{", "it is not JSON"},
      {ErrorDetail::repeated_member, "", R"({"type":"ping","type":"ping"})", "a member is given twice"},
      {ErrorDetail::wrong_member, "", R"({"type":"ping","data":1})", "a member is of the wrong type"},
      {ErrorDetail::no_command, "", "{}", "it does not say which command it is"},
      {ErrorDetail::unknown_command, "", R"({"type":"dance"})", "there is no such command"},
      {ErrorDetail::no_channel, "", R"({"type":"subscribe"})", "the channel is missing or not a string"},
      {ErrorDetail::channel_empty, "", subscribe_command(""), "a channel name must not be empty"},
      {ErrorDetail::channel_too_long, "", subscribe_command(std::string(256, 'x')),
       "a channel name has at most 255 bytes"},
      {ErrorDetail::channel_control_character, "", subscribe_command("\\u0001"),
       "a channel name must not hold control characters"},
      {ErrorDetail::channel_reserved, "source.channels = [\"*\"]\n", subscribe_command("carillon.x"),
       R"(a channel name must not begin with \"carillon.\": those channels are reserved)"},
      {ErrorDetail::channel_reserved, kPublishes + "commands.publish.to = \"*\"\n", chat_in("carillon.x"),
       R"(a channel name must not begin with \"carillon.\": those channels are reserved)"},
      {ErrorDetail::publish_member, kPublishes, R"({"type":"chat_message","data":{}})",
       "a member is missing or of the wrong type"},
      {ErrorDetail::publish_channel, kPublishes, chat_in(""), "it does not say where to publish"},
      {ErrorDetail::client_channels, "limits.channels = 1\n", subscribe_command("b"), "too many channels"},
      {ErrorDetail::not_published, kPublishes, chat_in("c"), "not published"},
  };
}

// The message in the error frame that answers `message`, sent by a client that subscribes to "a".
std::string error_message(const std::string& toml, std::string_view message, Opcode opcode = Opcode::text) {
  ShardStage stage(toml);
  stage.publisher.is_full = true;
  const int fd = stage.open(upgrade_of("/api/ws?token=" + token_with("{}")));
  stage.send(fd, client_frame(Opcode::text, subscribe_command("a")));
  stage.send(fd, client_frame(opcode, message));
  const auto frames = stage.take_frames(fd);
  if (frames.size() != 1) return std::to_string(frames.size()) + " frames";
  constexpr std::string_view kBefore = "\"message\":\"";
  const std::size_t from = frames[0].find(kBefore) + kBefore.size();
  return frames[0].substr(from, frames[0].find("\"},\"timestamp\"") - from);
}

std::string key_of(ErrorDetail detail) {
  for (const auto& each : config::kErrorDetails) {
    if (each.detail == detail) return std::string(each.key);
  }
  return {};
}

TEST(ErrorDetails, AreTheDefaultsUnlessTheEndpointHasItsOwn) {
  for (const DetailCase& each : detail_cases()) {
    const std::string key = key_of(each.detail);
    SCOPED_TRACE(key);
    const std::string toml = kService + each.lines;
    const std::string message = error_message(toml, each.message);
    const std::size_t colon = message.find(": ");
    ASSERT_NE(colon, std::string::npos) << message;
    EXPECT_EQ(message.substr(colon + 2), each.by_default);
    EXPECT_EQ(error_message(toml + key + " = \"in other words\"\n", each.message),
              message.substr(0, colon) + ": in other words");
    EXPECT_EQ(error_message(toml + key + " = \"\"\n", each.message), message.substr(0, colon));
  }
}

TEST(ErrorDetails, OfABinaryMessageAndOfAFullServerAreSettingsToo) {
  const std::string binary = "The message format is invalid: ";
  EXPECT_EQ(error_message(kService, "{}", Opcode::binary), binary + "send text, not binary");
  EXPECT_EQ(error_message(kService + "errors.details.binary = \"text only\"\n", "{}", Opcode::binary),
            binary + "text only");
  const std::string full = "server.channels_max = 1\n" + kService;
  const std::string failed = "Failed to subscribe to the requested channel: ";
  EXPECT_EQ(error_message(full, subscribe_command("b")), failed + "the server has too many channels");
  EXPECT_EQ(error_message(full + "errors.details.server_channels = \"full\"\n", subscribe_command("b")),
            failed + "full");
}

}  // namespace
}  // namespace carillon::gateway::testing
