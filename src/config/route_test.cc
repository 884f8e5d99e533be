// [[route]]: where it may stand, what replaces what, and every message of it, whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_messages.h"

namespace carillon::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// These lines stand on lines 4 and after, in a route at the top of the file.
std::string with_route(std::string_view lines) { return orion_with("[[route]]\n" + std::string(lines)); }

void expect_of_route(const std::vector<Case>& cases) {
  for (const auto& [lines, message] : cases) {
    EXPECT_THAT(texts_of(load_good(with_route(lines)).errors), ElementsAre(message)) << lines;
  }
}

std::vector<std::string> errors_of(std::string_view toml) { return texts_of(load_good(toml).errors); }

constexpr std::string_view kGoodRoute = "path = \"/hook\"\nchannel = \"hooks\"\n";

TEST(Routes, OneOfTwoLinesHasDefaultsForTheRest) {
  const Loaded loaded = load_good(with_route(kGoodRoute));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  ASSERT_EQ(loaded.settings.routes.size(), 1U);
  const RouteSettings& route = loaded.settings.routes[0];
  EXPECT_THAT(route.methods, ElementsAre("POST"));
  EXPECT_EQ(route.body, RouteBody::object);
  EXPECT_EQ(route.event, "$payload");
  EXPECT_EQ(route.answer, "{}");
  EXPECT_EQ(route.status, 200);
  EXPECT_TRUE(route.id.empty());
  EXPECT_TRUE(route.key.empty());
  EXPECT_EQ(route.origin.text(), "gateway.toml:3");
  EXPECT_EQ(route.origin_of("channel").text(), "gateway.toml:5");
}

TEST(Routes, AnEndpointHasItsOwnAndGivesThoseWithoutAKeyItsOwn) {
  const Loaded loaded = load_good(orion_with(
      "route_key = { env = \"CARILLON_API_KEY\" }\n[[endpoint.route]]\npath = \"/a/{x}\"\nchannel = "
      "\"c.{x}\"\n"
      "[[endpoint.route]]\npath = \"/b\"\nchannel = \"c\"\nkey = { env = \"CARILLON_JWT_SECRET\" }\n"));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  EXPECT_TRUE(loaded.settings.routes.empty());
  const auto& routes = loaded.settings.endpoints.at(0).routes;
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[0].channel, "c.{x}");
  EXPECT_EQ(routes[0].key.reveal(), "publish-key-0123456789");
  EXPECT_EQ(routes[1].key.reveal(), kGoodSecret);
  EXPECT_THAT(
      loaded.notes,
      ::testing::Contains("endpoint orion: route = [{ path = \"/a/{x}\", channel = \"c.{x}\" }, { path = "
                          "\"/b\", channel = \"c\", key = \"(secret)\" }] (default: [])"));
}

TEST(RouteMessages, OfItsKeys) {
  expect_of_route({
      {"path = \"/hook\"\nchanel = \"hooks\"\nchannel = \"x\"",
       "gateway.toml:5: route[0].chanel: unknown key; did you mean \"channel\"?"},
      {"channel = \"hooks\"", "gateway.toml:3: route[0].path: is missing; write path = \"/hooks\""},
      {"path = \"/hook\"",
       "gateway.toml:3: route[0].channel: is missing; write the channel that its events go to, channel = "
       "\"hooks\""},
      {"channel = \"hooks\"\npath = \"/x-{id}\"",
       "gateway.toml:5: route[0].path: \"/x-{id}\" is not a valid route path: the segment \"x-{id}\" is "
       "neither "
       "literal "
       "nor one parameter; write \"{name}\" for a whole segment"},
      {"path = \"/hook\"\nchannel = \"a.{id}\"",
       "gateway.toml:5: route[0].channel: \"a.{id}\": the path has no {id}; it has no parameters"},
      {"path = \"/hook/{ip}\"\nchannel = \"a.{id}\"",
       "gateway.toml:5: route[0].channel: \"a.{id}\": the path has no {id}; it has {ip}"},
      {"path = \"/hook\"\nchannel = \"carillon.probe\"",
       "gateway.toml:5: route[0].channel: \"carillon.probe\": a channel name must not begin with "
       "\"carillon.\": those channels are reserved; write channel = \"hooks\""},
      {"path = \"/hook\"\nchannel = \"a\\u0007\"",
       "gateway.toml:5: route[0].channel: \"a\\u0007\": a channel name must not hold control characters; "
       "write "
       "channel = \"hooks\""},
      {"path = \"/hook\"\nchannel = \"c\"\nmethods = [\"GET\"]",
       "gateway.toml:6: route[0].methods[0]: \"GET\" is not a method that a route accepts; write \"POST\", "
       "\"PUT\", "
       "\"PATCH\" or "
       "\"DELETE\""},
      {"path = \"/hook\"\nchannel = \"c\"\nmethods = []",
       "gateway.toml:6: route[0].methods: is empty, so that no request matches the route; write [\"POST\"]"},
      {"path = \"/hook\"\nchannel = \"c\"\nbody = \"objekt\"",
       "gateway.toml:6: route[0].body: \"objekt\" is unknown; did you mean \"object\"?"},
      {"path = \"/hook\"\nchannel = \"c\"\nid = \"uid\"",
       "gateway.toml:6: route[0].id: \"uid\" is not a source of ids here; write \"uuid\""},
      {"path = \"/hook/{a}\"\nchannel = \"c\"\nid = \"{b}\"",
       "gateway.toml:6: route[0].id: \"{b}\" is not a source of ids here; write \"uuid\" or \"{a}\""},
      {"path = \"/hook\"\nchannel = \"c\"\nid = \"uuid\"\nbody = \"any\"",
       "gateway.toml:6: route[0].id: can only be inserted into an object; write body = \"object\", or leave "
       "it out"},
      {"path = \"/hook/{a}\"\nchannel = \"c\"\nevent = '{\"a\":$path_b}'",
       "gateway.toml:6: route[0].event: at byte 5: there is no variable $path_b; did you mean $path_a?"},
      {"path = \"/hook\"\nchannel = \"c\"\nevent = '{\"a\":$bdy}'",
       "gateway.toml:6: route[0].event: at byte 5: there is no variable $bdy; did you mean $body?"},
      {"path = \"/hook\"\nchannel = \"c\"\nanswer = '{\"a\":\"$id\"}'",
       "gateway.toml:6: route[0].answer: at byte 6: $id stands inside a string; write it without quotes "
       "around it, or "
       "`$$` for a literal `$`"},
      {"path = \"/hook\"\nchannel = \"c\"\nkey = { env = \"NOBODY\" }",
       "gateway.toml:6: route[0].key: the environment variable NOBODY is not set; set it, or write { file = "
       "\"path\" }"},
  });
}

TEST(RouteMessages, OfWhereItStands) {
  EXPECT_THAT(
      errors_of(orion_with("[route]\npath = \"/a\"")),
      ElementsAre("gateway.toml:3: route: expected an array of tables, got a table; write [[route]]"));
  EXPECT_THAT(
      errors_of("route = [1]\n[[endpoint]]\nprofile = \"orion\""),
      ElementsAre(
          "gateway.toml:1: route[0]: expected a table, got an integer; write [{ path = \"/hook\", channel = "
          "\"hooks\", key = { env = \"NAME\" } }]"));
  EXPECT_THAT(
      errors_of(orion_with("route = { path = \"/a\" }")),
      ElementsAre("gateway.toml:3: endpoint[0].route: expected an array of tables, got a table; write "
                  "[[endpoint.route]]"));
  EXPECT_THAT(
      errors_of(
          orion_with("[[endpoint.route]]\npath = \"/a\"\nchannel = \"c\"\n[[endpoint.route]]\nchannel = "
                     "\"c\"\npath = \"b\"")),
      ElementsAre(
          "gateway.toml:8: endpoint[0].route[1].path: \"b\" is not a valid route path: does not begin "
          "with \"/\"; write \"/hooks/{id}\""));
}

TEST(RouteMessages, OfACollision) {
  const auto with_path = [](std::string_view path) {
    return errors_of(with_route("channel = \"c\"\npath = \"" + std::string(path) + "\""));
  };
  EXPECT_THAT(with_path("/ws"),
              ElementsAre("gateway.toml:5: route[0].path: \"/ws\" is the path of the endpoint at "
                          "gateway.toml:1; write another path"));
  for (const std::string path : {"/health", "/metrics", "/ready", "/v1/publish", "/v1/channels/a/history"}) {
    EXPECT_THAT(with_path(path), ElementsAre("gateway.toml:5: route[0].path: \"" + path +
                                             "\" is answered by Carillon itself; write another path"));
  }
  EXPECT_THAT(
      with_path("/{any}"),
      ElementsAre("gateway.toml:5: route[0].path: \"/{any}\" matches \"/health\", answered by Carillon "
                  "itself; write another path"));
  EXPECT_THAT(
      errors_of(orion_with("path = \"/a/ws\"\n[[route]]\npath = \"/a/{x}\"\nchannel = \"c\"")),
      ElementsAre("gateway.toml:5: route[0].path: \"/a/{x}\" matches \"/a/ws\", the path of the endpoint at "
                  "gateway.toml:1; write another path"));
  EXPECT_THAT(with_path("/v1/{any}/x"), IsEmpty());
}

TEST(RouteMessages, OfTwoOfOneShapeAndMethod) {
  const auto second = [](std::string_view lines) {
    return errors_of(
        with_route("path = \"/a/{x}\"\nchannel = \"c\"\nmethods = [\"POST\", \"PUT\"]\n[[route]]\n"
                   "channel = \"c\"\n" +
                   std::string(lines)));
  };
  EXPECT_THAT(
      second("path = \"/a/{y}\"\nmethods = [\"PATCH\", \"PUT\"]"),
      ElementsAre("gateway.toml:9: route[1].path: PUT /a/{y} is already the route route[0] (gateway.toml:3); "
                  "write another path or method"));
  EXPECT_THAT(second("path = \"/a/{y}\"\nmethods = [\"PATCH\"]"), IsEmpty());
  EXPECT_THAT(second("path = \"/a/b\""), IsEmpty());
  EXPECT_THAT(second("path = \"/a/{x}/b\""), IsEmpty());
}

TEST(RouteMessages, OfOpenRoutesThatOthersReach) {
  const auto warnings = [](const std::string& listen, const std::string& rest) {
    std::vector<std::string> all;
    const std::string text = "server.listen = [\"127.0.0.1:1\", \"" + listen +
                             ":2\"]\napi.keys = [{ env = "
                             "\"CARILLON_API_KEY\" }]\n[[endpoint]]\nprofile = \"orion\"\n";
    for (const std::string& each : texts_of(load_good(text + rest).warnings)) {
      if (each.find("route") != std::string::npos) all.push_back(each);
    }
    return all;
  };
  const std::string three =
      "[[endpoint.route]]\npath = \"/a\"\nchannel = \"c\"\nmethods = [\"PATCH\", \"PUT\"]\n"
      "[[endpoint.route]]\npath = \"/b\"\nchannel = \"c\"\n"
      "[[endpoint.route]]\npath = \"/c\"\nchannel = \"c\"\nkey = { env = \"CARILLON_API_KEY\" }\n";
  EXPECT_THAT(warnings("127.0.0.2", three), IsEmpty());
  EXPECT_THAT(
      warnings("0.0.0.0", three),
      ElementsAre("gateway.toml:3: endpoint[0].route_key: PATCH/PUT /a and 1 more take events from anyone "
                  "who can reach \"0.0.0.0:2\"; write route_key = { env = \"NAME\" }"));
  EXPECT_THAT(warnings("0.0.0.0", "route_key = { env = \"CARILLON_API_KEY\" }\n" + three), IsEmpty());
  EXPECT_THAT(
      warnings("0.0.0.0", "[[route]]\npath = \"/a\"\nchannel = \"c\"\n"),
      ElementsAre(
          "gateway.toml:5: route[0].key: POST /a takes events from anyone who can reach \"0.0.0.0:2\"; "
          "write key = { env = \"NAME\" }"));
}

TEST(Routes, HoldTheirBounds) {
  const auto routes = [](int count) {
    std::string text = orion_with("");
    for (int i = 0; i < count; ++i) {
      text += "[[route]]\nchannel = \"c\"\npath = \"/r" + std::to_string(i) + "\"\n";
    }
    return errors_of(text);
  };
  EXPECT_THAT(routes(63), IsEmpty());
  EXPECT_THAT(routes(64), IsEmpty());
  EXPECT_THAT(routes(65), ElementsAre("gateway.toml:4: route: has 65 items; write at most 64"));
  const auto status = [](int value) {
    return errors_of(with_route(std::string(kGoodRoute) + "status = " + std::to_string(value))).size();
  };
  for (const int inside : {200, 201, 298, 299}) EXPECT_EQ(status(inside), 0U) << inside;
  for (const int outside : {199, 300, -1, 0}) EXPECT_EQ(status(outside), 1U) << outside;
  for (const std::size_t size : {254U, 255U, 256U}) {
    const std::string channel = "channel = \"" + std::string(size, 'c') + "\"";
    EXPECT_EQ(errors_of(with_route("path = \"/hook\"\n" + channel)).size(), size <= 255 ? 0U : 1U) << size;
  }
}

TEST(Routes, AreAtMost1024InAll) {
  const auto in_all = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      const std::string n = std::to_string(i);
      if (i % 64 == 0)
        text += "[[endpoint]]\nprofile = \"orion\"\nname = \"e" + n + "\"\npath = \"/e" + n + "\"\n";
      text += "[[endpoint.route]]\nchannel = \"c\"\npath = \"/r" + n + "\"\n";
    }
    return errors_of(text);
  };
  EXPECT_THAT(in_all(1023), IsEmpty());
  EXPECT_THAT(in_all(1024), IsEmpty());
  EXPECT_THAT(in_all(1025), ElementsAre(HasSubstr("is one of 1025 routes; write at most 1024 in all")));
}

TEST(EndpointMessages, OfHealthMembers) {
  const auto errors = [](const std::string& name) {
    return errors_of(orion_with("health.connections = \"" + name + "\""));
  };
  for (const std::string& name : {std::string("wsConnections"), std::string(63, 'x'), std::string(64, 'x')}) {
    EXPECT_THAT(errors(name), IsEmpty());
  }
  EXPECT_EQ(errors(std::string(65, 'x')).size(), 1U);
  EXPECT_THAT(errors("bus"),
              ElementsAre("gateway.toml:3: endpoint[0].health.connections: \"bus\" is in /health anyway; "
                          "write another name, such as \"wsConnections\""));
}

}  // namespace
}  // namespace carillon::config
