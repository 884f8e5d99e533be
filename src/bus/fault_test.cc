#include "bus/fault.h"

#include <gtest/gtest.h>

#include "bus/redis/opening.h"

namespace carillon::bus {
namespace {

TEST(Fault, ErrorsAreClassified) {
  const struct {
    std::string_view line;
    FaultKind kind;
  } table[] = {
      {"NOAUTH Authentication required.", FaultKind::denied},
      {"WRONGPASS invalid username-password pair or user is disabled.", FaultKind::denied},
      {"NOPERM this user has no permissions to run the 'subscribe' command", FaultKind::denied},
      {"DENIED Redis is running in protected mode", FaultKind::denied},
      {"ERR invalid password", FaultKind::denied},
      {"ERR AUTH <password> called without any password configured for the default user.", FaultKind::denied},
      {"ERR Client sent AUTH, but no password is set", FaultKind::denied},
      {"ERR DB index is out of range", FaultKind::denied},
      {"LOADING Redis is loading the dataset in memory", FaultKind::busy},
      {"READONLY You can't write against a read only replica.", FaultKind::busy},
      {"MASTERDOWN Link with MASTER is down", FaultKind::busy},
      {"OOM command not allowed when used memory > 'maxmemory'.", FaultKind::busy},
      {"ERR max number of clients reached", FaultKind::busy},
      {"", FaultKind::busy},
      {"NOAUTHX", FaultKind::busy},
  };
  for (const auto& row : table) {
    EXPECT_EQ(broker_refused("X", {}, row.line, Quote::whole).kind, row.kind) << row.line;
    EXPECT_EQ(broker_refused("X", {}, row.line, Quote::code_only).kind, row.kind) << row.line;
  }
}

TEST(Fault, TheAnswerToAuthIsNotQuotedForItMayQuoteThePassword) {
  const auto fault = opening_refused(OpeningStep::auth, {},
                                     "ERR unknown command `AUTH`, with args beginning with: `hunter2`, ");
  EXPECT_EQ(fault.detail, "the broker refused AUTH: ERR");
  EXPECT_EQ(opening_refused(OpeningStep::auth, {}, "hunter2").detail, "the broker refused AUTH: an error");
  EXPECT_EQ(opening_refused(OpeningStep::psubscribe, "a.*", "LOADING no").detail,
            "the broker refused PSUBSCRIBE a.*: LOADING no");
}

TEST(Fault, ANopermNamesTheChannelAndTheGrantThatIsMissing) {
  const struct {
    std::string_view command, channel, line, end;
  } table[] = {
      {"PSUBSCRIBE", "orion.*",
       "NOPERM this user has no permissions to access one of the channels used as arguments",
       "; grant it with ACL SETUSER <user> &orion.*"},
      {"PSUBSCRIBE", "orion.*", "NOPERM this user has no permissions to run the 'psubscribe' command",
       "; grant it with ACL SETUSER <user> +psubscribe"},
      {"PUBLISH", "a.b", "NOPERM no", "; grant it with ACL SETUSER <user> +publish &a.b"},
      {"INFO", "", "NOPERM User ear has no permissions to run the 'info' command",
       "; grant it with ACL SETUSER <user> +info"},
      {"PUBLISH", "channel\r\n", "NOPERM No permissions to access a channel",
       "; grant it with ACL SETUSER <user> &channel??"},
  };
  for (const auto& row : table) {
    const auto fault = broker_refused(row.command, row.channel, row.line, Quote::whole);
    EXPECT_EQ(fault.kind, FaultKind::denied);
    EXPECT_TRUE(fault.detail.ends_with(row.end)) << fault.detail;
  }
  EXPECT_EQ(broker_refused("PSUBSCRIBE", "a.*", "NOAUTH x", Quote::whole).detail,
            "the broker refused PSUBSCRIBE a.*: NOAUTH x");
}

TEST(Fault, TheBrokersWordsAreMadePrintableAndShort) {
  EXPECT_EQ(broker_refused("X", {}, "ERR a\nb\x7f\xc3", Quote::whole).detail,
            "the broker refused X: ERR a?b??");
  EXPECT_LT(broker_refused("X", {}, std::string(8000, 'e'), Quote::whole).detail.size(), 200U);
}

}  // namespace
}  // namespace carillon::bus
