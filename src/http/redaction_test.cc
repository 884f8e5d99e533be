#include "http/redaction.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::http {
namespace {

TEST(Redaction, HidesTheFourParameters) {
  EXPECT_EQ(Redaction().target("/ws?token=secret"), "/ws?token=REDACTED");
  EXPECT_EQ(Redaction().target("/ws?a=1&access_token=secret&b=2"), "/ws?a=1&access_token=REDACTED&b=2");
  EXPECT_EQ(Redaction().target("/ws?refresh_token=secret&api_key=secret"),
            "/ws?refresh_token=REDACTED&api_key=REDACTED");
  EXPECT_EQ(Redaction().target("/ws?types=a,b&tokens=3&tok=4&key"), "/ws?types=a,b&tokens=3&tok=4&key");
  EXPECT_EQ(Redaction().target("/ws"), "/ws");
  EXPECT_EQ(Redaction().target("/ws?"), "/ws?");
  EXPECT_EQ(Redaction().target("/ws?&&a=1&"), "/ws?&&a=1&");
}

TEST(Redaction, LeavesNoSecretHoweverItIsWritten) {
  for (const auto target : {"/ws?TOKEN=SECRET",
                            "/ws?Access_Token=SECRET",
                            "/ws?%74oken=SECRET",
                            "/ws?tok%65n=SECRET",
                            "/ws?api%5Fkey=SECRET",
                            "/ws?token=x%26SECRET",
                            "/ws?token=x=SECRET",
                            "/ws?token=SECRET&token=SECRET",
                            "/ws?token==SECRET",
                            "/ws?+token=SECRET",
                            "/ws?token%20=SECRET",
                            "/ws?a=1;token=SECRET",
                            "/ws?a;token=SECRET",
                            "/ws?token=x;SECRET",
                            "/ws?token%3DSECRET",
                            "/ws?next=/a?token=SECRET",
                            "/ws?next=%2Fa%3Ftoken%3DSECRET",
                            "/ws?next=%252Fa%253Ftoken%253DSECRET",
                            "/ws?a%26token=SECRET",
                            "/ws?x-token=SECRET",
                            "/ws?token=SECRET&b=%zz",
                            "/ws?token=SECRET%",
                            "/ws?%&token=SECRET",
                            "/ws/token=SECRET",
                            "/ws%3Ftoken=SECRET",
                            "/ws%3ftoken%3dSECRET",
                            "http://u:SECRET@h/ws",
                            "ws?token=SECRET",
                            "/ws?token=a?SECRET",
                            "/ws?Token=%53SECRET",
                            "/ws?x=%25252525253Ftoken%25252525253DSECRET"}) {
    const std::string shown = Redaction().target(target);
    EXPECT_EQ(shown.find("SECRET"), std::string::npos) << shown;
  }
}

TEST(Redaction, DropsAQueryThatCannotBeParsed) {
  EXPECT_EQ(Redaction().target("/ws?a=1&b=%zz"), "/ws");
  EXPECT_EQ(Redaction().target("a:443"), "(not a path)");
  EXPECT_EQ(Redaction().target("http://user:SECRET@a/ws"), "(not a path)");
  EXPECT_EQ(Redaction().target(""), "(not a path)");
}

TEST(Redaction, HidesHeaders) {
  EXPECT_EQ(Redaction().header("authorization", "Bearer SECRET"), "REDACTED");
  EXPECT_EQ(Redaction().header("Cookie", "a=b"), "REDACTED");
  EXPECT_EQ(Redaction().header("X-Api-Key", "SECRET"), "REDACTED");
  EXPECT_EQ(Redaction().header("Referer", "http://a/b?token=SECRET"), "http://a/b");
  EXPECT_EQ(Redaction().header("X-Original-URL", "/ws?token=SECRET"), "REDACTED");
  EXPECT_EQ(Redaction().header("User-Agent", "curl/8"), "curl/8");
}

TEST(Redaction, ShowsAnAbsoluteTargetWithoutItsSecrets) {
  EXPECT_EQ(Redaction().target("http://a:80/ws?token=SECRET&b=1"), "http://a:80/ws?token=REDACTED&b=1");
  EXPECT_EQ(Redaction().target("https://a"), "https://a/");
  EXPECT_EQ(Redaction().target("ws://a?token=SECRET"), "ws://a/?token=REDACTED");
  EXPECT_EQ(Redaction().target("http://token=SECRET/ws"), "(not a path)");
}

// Regression: only the four names were known, so a token in a parameter of auth.sources stood in the log.
TEST(Redaction, HidesEveryParameterAndHeaderThatIsConfigured) {
  const Redaction redaction({"ticket", "auth-key", "my.pass"}, {"X-Ticket"});
  for (const auto target :
       {"/ws?ticket=SECRET", "/ws?TICKET=SECRET", "/ws?t%69cket=SECRET", "/ws?+ticket=SECRET",
        "/wrong/path?ticket=SECRET", "/ws?auth-key=SECRET", "/ws?AUTH%2DKEY=SECRET", "/ws?my.pass=SECRET",
        "/ws?a=1;my.pass=SECRET", "/ws?next=%2Fa%3Fauth-key%3DSECRET", "/ws/ticket=SECRET",
        "/ws?x-ticket=SECRET", "/ws?token=SECRET", "/ws?ticket=SECRET&a=%zz", "http://a/ws?ticket=SECRET",
        "/ws?a=ticket%3DSECRET", "/ws?ticket=SECRET&ticket=SECRET"}) {
    EXPECT_EQ(redaction.target(target).find("SECRET"), std::string::npos) << redaction.target(target);
  }
  EXPECT_EQ(redaction.target("/ws?tickets=1&pass=2"), "/ws?tickets=1&pass=2");
  EXPECT_EQ(redaction.header("x-ticket", "SECRET"), "REDACTED");
  EXPECT_EQ(redaction.header("X-Original-URL", "/ws?ticket=SECRET"), "REDACTED");
  EXPECT_EQ(redaction.header("Authorization", "Bearer SECRET"), "REDACTED");
}

// A token in a parameter that no configuration names: a client's mistake, and still a token.
TEST(Redaction, HidesWhateverHasTheFormOfAJwt) {
  const std::string jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.SECRET";
  for (const std::string& target : {"/ws?session=" + jwt, "/ws?" + jwt, "/ws/" + jwt, "/" + jwt + "?a=1",
                                    "/ws?" + jwt + "=1", "/ws?a=x" + jwt, "/ws?a=%65" + jwt.substr(1)}) {
    const std::string shown = Redaction().target(target);
    EXPECT_EQ(shown.find("SECRET"), std::string::npos) << shown;
  }
  EXPECT_EQ(Redaction().header("X-Other", jwt), "REDACTED");
  EXPECT_EQ(Redaction().target("/ws?a=eyJ.b&c=1.2.3"), "/ws?a=eyJ.b&c=1.2.3");
}

}  // namespace
}  // namespace carillon::http
