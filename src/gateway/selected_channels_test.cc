// Channels that a client's token selects (select.by = "claim:…").
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

}  // namespace
}  // namespace carillon::gateway::testing
