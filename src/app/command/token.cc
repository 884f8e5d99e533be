// `carillon token`: a token to try things with.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "app/command/verbs.h"
#include "app/tokens.h"
#include "auth/authenticator.h"
#include "base/time.h"
#include "json/reader.h"
#include "json/writer.h"

namespace carillon::app {

Result<std::string> mint_token(std::string_view secret, const TokenArguments& arguments, WallTime now) {
  std::string claims;
  json::ObjectWriter writer(claims);
  const auto issued_at = std::chrono::floor<seconds>(now).time_since_epoch().count();
  if (!arguments.claims.empty()) {
    const auto more = json::parse(arguments.claims);
    if (!more || !more->is(json::Type::object)) return failure("--claims must be a JSON object");
    for (const json::Member& member : more->members()) {
      const auto name = member.name();
      if (!name) return failure("--claims has a name that is not valid UTF-8");
      if (*name == "sub" || *name == "iat" || *name == "exp")
        return failure("--claims must not hold " + *name);
      writer.raw_member(*name, member.value.raw());
    }
  }
  writer.member("sub", arguments.subject);
  writer.member("iat", issued_at);
  writer.member("exp", issued_at + std::int64_t{arguments.ttl_s});
  writer.close();
  return auth::mint_hs256(secret, claims);
}

int run_token(const TokenArguments& arguments) {
  const char* secret = std::getenv("CARILLON_JWT_SECRET");
  if (!secret || !*secret) {
    std::fprintf(stderr, "carillon: set CARILLON_JWT_SECRET to the gateway's secret\n");
    return 2;
  }
  const auto token = mint_token(secret, arguments, wall_now());
  if (!token) {
    std::fprintf(stderr, "carillon: %s\n", token.error().message.c_str());
    return 2;
  }
  std::printf("%s\n", token->c_str());
  return 0;
}

}  // namespace carillon::app
