#include "app/command/client_command.h"

#include <gtest/gtest.h>

namespace carillon::app {
namespace {

using config::Requirement;

TEST(SubscribeCommand, ItsPartsAreWhereThePointersPoint) {
  config::CommandSettings commands;
  commands.name = "/type";
  commands.subscribe = {"subscribe", "/data/channel", ""};
  EXPECT_EQ(subscribe_command(commands, "room:\"1\""),
            R"({"type":"subscribe","data":{"channel":"room:\"1\""}})");
}

TEST(SubscribeCommand, WordsMayBeNumbersAndChannelsArrays) {
  config::CommandSettings commands;
  commands.name = "/op";
  commands.subscribe = {{"4", config::JsonWord::Kind::number}, "/args", ""};
  commands.channel_form = config::ChannelForm::array;
  EXPECT_EQ(subscribe_command(commands, "c"), R"({"op":4,"args":["c"]})");
}

TEST(SubscribeCommand, EscapesOfAPointerAreUndone) {
  config::CommandSettings commands;
  commands.name = "/a~1b";
  commands.subscribe = {"s", "/x~0y/0", ""};
  EXPECT_EQ(subscribe_command(commands, "c"), R"({"a/b":"s","x~y":{"0":"c"}})");
}

TEST(SubscribeCommand, RequiredMembersHaveAnEmptyValueOfTheirType) {
  config::CommandSettings commands;
  commands.name = "/cmd";
  commands.subscribe = {"sub", "/args/channel", ""};
  commands.require = {{"", Requirement::Type::object, Requirement::Presence::required},
                      {"/args", Requirement::Type::object, Requirement::Presence::required},
                      {"/id", Requirement::Type::number, Requirement::Presence::required},
                      {"/tags", Requirement::Type::array, Requirement::Presence::required},
                      {"/note", Requirement::Type::string, Requirement::Presence::optional}};
  EXPECT_EQ(subscribe_command(commands, "c"), R"({"args":{"channel":"c"},"id":0,"tags":[],"cmd":"sub"})");
}

}  // namespace
}  // namespace carillon::app
