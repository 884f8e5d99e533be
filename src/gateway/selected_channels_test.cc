// Channels that a client's token or its path selects (select.by = "claim:…" and "path:…").
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Frames = std::vector<std::string>;

std::string http_status(const Answer& answer) { return answer.head.substr(9, 3); }

// --- select.by = "claim:…" ----------------------------------------------------------------------

const std::string kByClaim =
    std::string(kOrion) +
    "source.channels = [\"room.*\"]\nframes.event = '$*'\nselect.by = \"claim:rooms\"\n";

Answer ask_with_claims(ShardStage& stage, std::string_view claims) {
  return stage.ask(upgrade_of("/ws?token=" + token_with(claims)));
}
Frames events_of(ShardStage& stage, int fd, std::initializer_list<const char*> channels) {
  for (const char* channel : channels) stage.publish(channel, "{}");
  return stage.take_frames(fd);
}
std::string claim_of(std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += (i ? ",\"c" : "\"c") + std::to_string(i) + "\"";
  return "{\"rooms\":[" + list + "]}";
}

TEST(SelectByClaim, TheChannelsAreThoseOfTheTokensClaim) {
  ShardStage stage(kByClaim);
  const int one = stage.open(upgrade_of("/ws?token=" + token_with(R"({"rooms":"a"})")));
  const int two = stage.open(upgrade_of("/ws?token=" + token_with(R"({"rooms":["b","a","b"]})")));
  const int none = stage.open(upgrade_of("/ws?token=" + token_with(R"({"rooms":[]})")));
  EXPECT_THAT(events_of(stage, one, {"room.a", "room.b", "room.c", "room."}), ElementsAre("text \"a\""));
  EXPECT_THAT(stage.take_frames(two), ElementsAre("text \"a\"", "text \"b\""));
  EXPECT_THAT(stage.take_frames(none), IsEmpty());
}

TEST(SelectByClaim, ATokenWithoutAUsableClaimIsRefusedAndTheLogNamesTheClaim) {
  const std::string long_name(256, 'x');
  for (const auto& [claims, why] : std::initializer_list<std::pair<std::string, std::string>>{
           {"{}", "no_selection"},
           {R"({"rooms":7})", "bad_selection"},
           {R"({"rooms":null})", "bad_selection"},
           {R"({"rooms":""})", "bad_selection"},
           {R"({"rooms":{"a":1}})", "bad_selection"},
           {R"({"rooms":["a",1]})", "bad_selection"},
           {R"({"rooms":["\u0001"]})", "bad_selection"},
           {"{\"rooms\":\"" + long_name + "\"}", "bad_selection"}}) {
    ShardStage stage(kByClaim);
    const Answer answer = ask_with_claims(stage, claims);
    EXPECT_EQ(http_status(answer), "401") << claims;
    EXPECT_EQ(stage.refusals(RefusalReason::token_invalid), 1U) << claims;
    EXPECT_THAT(stage.log.lines, Contains(HasSubstr(why + ": claim \"rooms\""))) << claims;
  }
}

TEST(SelectByClaim, HasAsManyChannelsAsTheLimitAndNoMore) {
  ShardStage stage(kByClaim + "limits.channels = 3\n");
  EXPECT_EQ(http_status(ask_with_claims(stage, claim_of(2))), "101");
  EXPECT_EQ(http_status(ask_with_claims(stage, claim_of(3))), "101");
  EXPECT_EQ(http_status(ask_with_claims(stage, claim_of(4))), "401");
  EXPECT_EQ(http_status(ask_with_claims(stage, R"({"rooms":["a","a","b","b","c"]})")), "101")
      << "each counts once";
}

TEST(SelectByClaim, ACachedTokenSelectsTheSame) {
  ShardStage stage(kByClaim);
  const std::string upgrade = upgrade_of("/ws?token=" + token_with(R"({"rooms":["a"]})"));
  stage.open(upgrade);
  const int again = stage.open(upgrade);
  EXPECT_EQ(stage.shard->counters().token_cache_hits.get(), 1U);
  EXPECT_THAT(events_of(stage, again, {"room.a", "room.b"}), ElementsAre("text \"a\""));
}

TEST(SelectByClaim, KnownValuesAreSelectedAndOthersIgnored) {
  ShardStage stage(kByClaim + "select.known = [\"a\", \"b\"]\n");
  const int fd = stage.open(upgrade_of("/ws?token=" + token_with(R"({"rooms":["a","z"]})")));
  EXPECT_THAT(events_of(stage, fd, {"room.a", "room.b", "room.z"}), ElementsAre("text \"a\""));
}

// --- select.by = "path:…" -----------------------------------------------------------------------

const std::string kByPath =
    std::string(kOrion) +
    "auth.mode = \"none\"\nname = \"rooms\"\npath = \"/rooms/{room}\"\n"
    "source.channels = [\"rooms.*\"]\nframes.event = '$*'\nselect.by = \"path:room\"\n";

int open_room(ShardStage& stage, std::string_view room) {
  return stage.open(upgrade_of("/rooms/" + std::string(room)));
}

TEST(SelectByPath, TheClientsOfAPathReceiveItsChannel) {
  ShardStage stage(kByPath);
  const int seven = open_room(stage, "7");
  const int eight = open_room(stage, "8?x=7");
  EXPECT_THAT(events_of(stage, seven, {"rooms.7", "rooms.8", "rooms.77", "rooms."}),
              ElementsAre("text \"7\""));
  EXPECT_THAT(stage.take_frames(eight), ElementsAre("text \"8\""));
}

TEST(SelectByPath, TheSegmentIsPercentDecodedOnce) {
  ShardStage stage(kByPath);
  const int fd = open_room(stage, "%C3%A4%2541+");
  EXPECT_THAT(events_of(stage, fd, {"rooms.ä%41+", "rooms.äA+", "rooms.ä%41 "}),
              ElementsAre("text \"ä%41+\""));
}

TEST(SelectByPath, ASegmentThatNamesNoChannelIsRefused) {
  ShardStage stage(kByPath);
  EXPECT_EQ(http_status(stage.ask(upgrade_of("/rooms/" + std::string(255, 'x')))), "101");
  const Answer answer = stage.ask(upgrade_of("/rooms/" + std::string(256, 'x')));
  EXPECT_EQ(http_status(answer), "400");
  EXPECT_EQ(answer.body, R"({"message":"the path does not name a channel"})");
  EXPECT_EQ(stage.shard->counters().endpoints[0].refusals[RefusalReason::bad_request].get(), 1U);
}

TEST(SelectByPath, OtherPathsAreNotTheEndpoints) {
  ShardStage stage(kByPath);
  for (const char* path : {"/rooms", "/rooms/", "/rooms/7/", "/rooms/7/8", "/%72ooms/7", "/Rooms/7"}) {
    EXPECT_EQ(http_status(stage.ask(upgrade_of(path))), "404") << path;
  }
  for (const char* path : {"/rooms/%2F", "/rooms/%00", "/rooms/..", "/rooms/%FF", "/rooms/%4"}) {
    EXPECT_EQ(http_status(stage.ask(upgrade_of(path))), "400") << path;
  }
}

TEST(SelectByPath, AnExactPathWins) {
  ShardStage stage(kByPath + std::string(kOrion) +
                   "auth.mode = \"none\"\nname = \"lobby\"\npath = \"/rooms/lobby\"\n");
  open_room(stage, "lobby");
  open_room(stage, "lobby2");
  EXPECT_EQ(stage.open_connections(0), 1U);
  EXPECT_EQ(stage.open_connections(1), 1U);
}

TEST(SelectByPath, WithKnownValuesOthersAreRefused) {
  ShardStage stage(kByPath + "select.known = [7, 8]\n");
  const int fd = open_room(stage, "7");
  EXPECT_EQ(http_status(stage.ask(upgrade_of("/rooms/9"))), "400");
  EXPECT_THAT(events_of(stage, fd, {"rooms.7", "rooms.8"}), ElementsAre("text \"7\""));
}

TEST(SelectByPath, ItsRefusalMayHaveAMessageOfItsOwn) {
  ShardStage stage(kByPath + "select.known = [7]\nrefusals.bad_path = \"no such room\"\n");
  EXPECT_EQ(stage.ask(upgrade_of("/rooms/9")).body, R"({"message":"no such room"})");
}

}  // namespace
}  // namespace carillon::gateway::testing
