// Messages about what a profile has written in the language of protocols, whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/options.h"
#include "config/test_messages.h"

namespace carillon::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> warnings_of(const std::string& lines) {
  const Loaded loaded = load_good(orion_with(lines));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty()) << lines;
  return texts_of(loaded.warnings);
}

const std::string kSubscribable =
    "source.channels = [\"a.*\"]\nselect.by = \"commands\"\ninbound.rate.messages = 9\ncommands.name = "
    "\"/op\"\n"
    "commands.subscribe = { is = 1, channel = \"/ch\" }\n";

TEST(ProtocolMessages, OfNamesAndCodes) {
  expect_of_endpoint({
      {"errors.invalid_request.code = 1.5",
       "gateway.toml:3: endpoint[0].errors.invalid_request.code: expected text such as \"subscribe\", an "
       "integer or a boolean, got a float"},
      {"commands.ping.is = [1]",
       "gateway.toml:3: endpoint[0].commands.ping.is: expected text such as \"subscribe\", an integer or a "
       "boolean, got an array"},
      {"commands.ping.is = 7",
       "gateway.toml:3: endpoint[0].commands.ping.is: no command is ever found; write commands.name = "
       "\"/type\""},
      {"select.known = [1.5]",
       "gateway.toml:3: endpoint[0].select.known[0]: expected value such as \"now_playing\", got a float"},
  });
  EXPECT_THAT(
      texts_of(load_good(orion_with(kSubscribable + "commands.unsubscribe = { is = 1, channel = \"/c\" }"))
                   .errors),
      ElementsAre("gateway.toml:8: endpoint[0].commands.unsubscribe.is: 1 is also commands.subscribe.is; "
                  "write another"));
}

TEST(ProtocolMessages, ANumberAndItsTextAreTwoNames) {
  EXPECT_THAT(texts_of(load_good(orion_with(kSubscribable +
                                            "commands.unsubscribe = { is = \"1\", channel = \"/c\" }"))
                           .errors),
              IsEmpty());
}

TEST(ProtocolMessages, OfSeveralChannels) {
  expect_of_endpoint({
      {"commands.channels = \"/channels\"",
       "gateway.toml:3: endpoint[0].commands.channels: has no use without a command to subscribe with; write "
       "commands.subscribe"},
  });
  EXPECT_THAT(texts_of(load_good(orion_with(kSubscribable + "commands.channels = \"/ch\"")).errors),
              ElementsAre("gateway.toml:8: endpoint[0].commands.channels: is also the position of a single "
                          "channel; write another, or commands.channel_type = \"array\""));
  EXPECT_THAT(texts_of(load_good(orion_with(kSubscribable + "commands.channels = \"/chs\"")).errors),
              IsEmpty());
}

TEST(ProtocolMessages, OfThePublishCommand) {
  expect_of_endpoint({
      {"commands.publish.waiting_max = 0",
       "gateway.toml:3: endpoint[0].commands.publish.waiting_max: 0 is out of bounds; write a number from 1 "
       "to "
       "65536"},
      {"commands.publish.when_off = \"on\"",
       "gateway.toml:3: endpoint[0].commands.publish.when_off: \"on\" is unknown; write \"unknown\" or "
       "\"unauthorized\""},
  });
}

TEST(ProtocolMessages, OfTheHistoryCommand) {
  expect_of_endpoint({
      {"commands = { name = \"/op\", history.is = \"history\" }",
       "gateway.toml:3: endpoint[0].commands.history.is: has no use without a history; write history = { "
       "events "
       "= 100, age = \"5m\" }"},
      {"commands = { name = \"/op\", history.is = \"history\" }\nhistory = {}\nresume.parameter = \"p\"\n"
       "frames.gap = '{}'",
       "gateway.toml:3: endpoint[0].commands.history.is: has no use without channels to choose; write "
       "select.by "
       "= \"commands\""},
  });
  const std::string command = kSubscribable + "history = {}\ncommands.history.is = \"history\"\n";
  EXPECT_THAT(
      texts_of(load_good(orion_with(command)).errors),
      ElementsAre("gateway.toml:1: endpoint[0].commands.history.channel: is missing; write the position of "
                  "the channel, such as \"/channel\"",
                  "gateway.toml:1: endpoint[0].commands.history.reply: does not have the events; write "
                  "them as $events"));
  const std::string with_channel = command + "commands.history.channel = \"/ch\"\n";
  EXPECT_THAT(
      texts_of(load_good(orion_with(with_channel + "commands.history.reply = '{\"e\":$events}'")).errors),
      ElementsAre(
          "gateway.toml:11: endpoint[0].commands.history.reply: does not say when events are not retained "
          "any more; write $recovered"));
  EXPECT_THAT(
      texts_of(
          load_good(orion_with(with_channel + "commands.history.reply = '[$events,$recovered]'")).errors),
      IsEmpty());
  EXPECT_THAT(
      warnings_of("commands.history.events_max = 9"),
      ElementsAre(
          "gateway.toml:3: endpoint[0].commands.history.events_max: has no effect, because there is no "
          "such command; write commands.history.is, or leave it out"));
}

TEST(ProtocolMessages, OfTheFirstFrame) {
  expect_of_endpoint({
      {"frames.open = '{\"id\":$conection_id}'",
       "gateway.toml:3: endpoint[0].frames.open: at byte 6: there is no variable $conection_id; did you mean "
       "$connection_id?"},
      {"frames.open = '{\"id\":$channel}'",
       "gateway.toml:3: endpoint[0].frames.open: at byte 6: there is no variable $channel; there are "
       "$connection_id, $subject, $position, $time_s, $time_ms, $time_unix_s, $time_unix_ms"},
      {"frames.open = 1",
       "gateway.toml:3: endpoint[0].frames.open: expected template such as "
       "'{\"type\":\"welcome\",\"id\":$connection_id}', got the integer 1"},
  });
}

TEST(ProtocolMessages, OfArraysOfChannels) {
  expect_of_endpoint({
      {"commands.channel_type = \"list\"",
       "gateway.toml:3: endpoint[0].commands.channel_type: \"list\" is unknown; write \"string\" or "
       "\"array\""},
      {"commands.channels_max = 0",
       "gateway.toml:3: endpoint[0].commands.channels_max: 0 is out of bounds; write a number from 1 to "
       "1024"},
      {"commands.channels_max = 1025",
       "gateway.toml:3: endpoint[0].commands.channels_max: 1025 is out of bounds; write a number from 1 to "
       "1024"},
  });
  EXPECT_THAT(
      warnings_of("commands.channel_type = \"array\""),
      ElementsAre("gateway.toml:3: endpoint[0].commands.channel_type: has no effect, because there is no "
                  "command with a channel; write commands.subscribe.is, or leave it out"));
  EXPECT_THAT(warnings_of(kSubscribable + "commands.channels_max = 9"),
              ElementsAre("gateway.toml:8: endpoint[0].commands.channels_max: has no effect, because "
                          "commands.channel_type is \"string\"; write commands.channel_type = \"array\", or "
                          "commands.channels, or leave it out"));
  EXPECT_THAT(warnings_of(kSubscribable + "commands.channel_type = \"array\"\ncommands.channels_max = 9"),
              IsEmpty());
}

TEST(ProtocolMessages, OfSelectionByAClaim) {
  expect_of_endpoint({
      {"select.by = \"claim:\"",
       "gateway.toml:3: endpoint[0].select.by: \"claim:\" is unknown; write \"all\", \"query:NAME\", "
       "\"claim:NAME\", \"path:NAME\" or \"commands\""},
      {"select.by = \"claim:x\"\nauth.mode = \"none\"",
       "gateway.toml:3: endpoint[0].select.by: \"claim:x\" needs a token with that claim; write auth.mode = "
       "\"jwt\", or \"query:NAME\""},
      {"select.by = \"claim:x\"\nsource.channels = [\"a\"]",
       "gateway.toml:4: endpoint[0].source.channels: \"a\" has no *, and select.value is what the star "
       "matches; write one, such as \"a.*\""},
  });
  EXPECT_THAT(
      warnings_of("select.by = \"claim:x\"\nselect.otherwise = [\"a\"]"),
      ElementsAre("gateway.toml:4: endpoint[0].select.otherwise: has no effect, because select.by is not "
                  "\"query:NAME\"; write that, or leave it out"));
  EXPECT_THAT(warnings_of("select.by = \"claim:https://example.com/rooms\"\nselect.known = [\"a\", 1]"),
              IsEmpty());
}

TEST(ProtocolMessages, OfSelectionByThePath) {
  expect_of_endpoint({
      {"select.by = \"path:room\"",
       "gateway.toml:3: endpoint[0].select.by: \"path:room\" needs a segment {room} in the path, and \"/ws\" "
       "has none; write path = \"/rooms/{room}\""},
      {"path = \"/rooms/{room}\"",
       "gateway.toml:3: endpoint[0].path: has {room}, which nothing uses; write select.by = \"path:room\", "
       "or a "
       "literal segment"},
      {"path = \"/x/{a}/{b}\"\nselect.by = \"path:b\"",
       "gateway.toml:3: endpoint[0].path: has {a}, which nothing uses; write select.by = \"path:a\", or a "
       "literal segment"},
      {"path = \"/rooms/x{room}\"\nselect.by = \"path:room\"",
       "gateway.toml:3: endpoint[0].path: \"/rooms/x{room}\": the segment \"x{room}\" is neither literal nor "
       "one parameter; write \"{name}\" for a whole segment"},
      {"path = \"/{room}\"\nselect.by = \"path:room\"",
       "gateway.toml:3: endpoint[0].path: \"/{room}\" matches \"/health\", which is answered by Carillon "
       "itself; write another path"},
      {"path = \"/a/{room}\"\nselect.by = \"path:room\"\nsource.channels = [\"a\"]",
       "gateway.toml:5: endpoint[0].source.channels: \"a\" has no *, and select.value is what the star "
       "matches; write one, such as \"a.*\""},
  });
}

TEST(ProtocolMessages, OfPathsThatClash) {
  const auto errors_of = [](const std::string& path) {
    const std::string by = "\nselect.by = \"path:x\"\n";
    return texts_of(
        load_good(orion_with("name = \"one\"\npath = \"/a/{x}\"" + by) +
                  orion_with("path = \"" + path + "\"" + (path.find('{') == std::string::npos ? "" : by)))
            .errors);
  };
  for (const char* path : {"/b/{x}", "/a/{x}/b", "/a/b"}) EXPECT_THAT(errors_of(path), IsEmpty()) << path;
  EXPECT_THAT(
      errors_of("/a/{x}"),
      ElementsAre("gateway.toml:9: endpoint[1].path: \"/a/{x}\" is already the path of the endpoint at "
                  "gateway.toml:1; write another path"));
  EXPECT_THAT(
      errors_of("/{x}/a"),
      ElementsAre(
          "gateway.toml:9: endpoint[1].path: \"/{x}/a\" matches some of the same requests as \"/a/{x}\", "
          "the path of the endpoint at gateway.toml:1; write another path"));
}

TEST(ProtocolMessages, OfARouteThatAPathOfClientsMatches) {
  const std::string endpoint = orion_with("path = \"/a/{x}\"\nselect.by = \"path:x\"");
  EXPECT_THAT(
      texts_of(load_good(endpoint + "[[route]]\npath = \"/a/b\"\nchannel = \"c\"\n").errors),
      ElementsAre("gateway.toml:6: route[0].path: \"/a/b\" matches \"/a/{x}\", the path of the endpoint at "
                  "gateway.toml:1; write another path"));
}

// --- values ---

std::string shown(const std::string& lines, std::string_view key) {
  Loaded loaded = load_good(orion_with(lines));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty()) << lines;
  for (const Option& option : endpoint_options(loaded.settings.endpoints[0])) {
    if (option.key == key) return option.show();
  }
  return "no such key";
}

TEST(ProtocolValues, AreShownAsTheyWereWritten) {
  EXPECT_EQ(shown("errors.internal_error.code = 1011", "errors.internal_error.code"), "1011");
  EXPECT_EQ(shown("errors.internal_error.code = -1", "errors.internal_error.code"), "-1");
  EXPECT_EQ(shown("errors.internal_error.code = false", "errors.internal_error.code"), "false");
  EXPECT_EQ(shown("errors.internal_error.code = \"1011\"", "errors.internal_error.code"), "\"1011\"");
  EXPECT_EQ(shown("select.by = \"claim:a b\"", "select.by"), "\"claim:a b\"");
  EXPECT_EQ(shown("path = \"/r/{x}\"\nselect.by = \"path:x\"", "select.by"), "\"path:x\"");
  EXPECT_EQ(shown("select.by = \"query:x\"\nselect.known = [1, true]", "select.known"), "[\"1\", \"true\"]");
}

}  // namespace
}  // namespace carillon::config
