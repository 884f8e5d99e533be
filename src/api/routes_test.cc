// Which request is whose route's, and what the ids are made of.
#include "api/routes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "api/uuid.h"
#include "config/test_environment.h"

namespace carillon::api {
namespace {

Routes routes_of(std::string_view tables) {
  const auto loaded = config::load_good("[[endpoint]]\nprofile = \"orion\"\n" + std::string(tables));
  for (const config::Problem& problem : loaded.errors) ADD_FAILURE() << problem.text();
  auto routes = Routes::compile(loaded.settings);
  EXPECT_TRUE(routes.has_value()) << routes.error().message;
  return routes ? std::move(*routes) : Routes{};
}

std::string route(std::string_view methods, std::string_view path, std::string_view channel) {
  return "[[route]]\nmethods = " + std::string(methods) + "\npath = \"" + std::string(path) +
         "\"\nchannel = \"" + std::string(channel) + "\"\n";
}

// The channel of the route that takes the request, "405 methods" or "404".
std::string taker(const Routes& routes, std::string_view method, std::string_view path) {
  const auto found = routes.find(method, path, path);
  if (!found) return "404";
  return found->route ? found->route->channel.fill(found->parameters) : "405 " + found->allowed;
}

TEST(Routes, MethodAndPathMustBothBeItsOwn) {
  const Routes routes = routes_of(
      route(R"(["POST"])", "/s", "create") + route(R"(["PATCH", "PUT"])", "/s/{id}", "u.{id}") +
      route(R"(["DELETE"])", "/s/{id}", "d.{id}") + route(R"(["POST"])", "/s/{id}/cancel", "c.{id}"));
  EXPECT_EQ(routes.size(), 4U);
  EXPECT_EQ(taker(routes, "POST", "/s"), "create");
  EXPECT_EQ(taker(routes, "PATCH", "/s/1"), "u.1");
  EXPECT_EQ(taker(routes, "PUT", "/s/1"), "u.1");
  EXPECT_EQ(taker(routes, "DELETE", "/s/1"), "d.1");
  EXPECT_EQ(taker(routes, "POST", "/s/1/cancel"), "c.1");
  EXPECT_EQ(taker(routes, "GET", "/s"), "405 POST");
  EXPECT_EQ(taker(routes, "post", "/s"), "405 POST");
  EXPECT_EQ(taker(routes, "POST", "/s/1"), "405 PATCH, PUT, DELETE");
  for (const char* path : {"/", "/s/", "/S", "/s/1/", "/s/1/cancel/", "/s/1/cancels", "/s//cancel", "/ws"}) {
    EXPECT_EQ(taker(routes, "POST", path), "404") << path;
  }
  EXPECT_EQ(taker(Routes{}, "POST", "/s"), "404");
}

TEST(Routes, TheMoreSpecificOneCountsWhateverTheOrder) {
  const std::string tables[] = {
      route(R"(["POST"])", "/a/{x}", "any.{x}"), route(R"(["POST", "PUT"])", "/a/b", "b"),
      route(R"(["POST"])", "/{y}/b", "last.{y}"), route(R"(["POST"])", "/long/{x}/{y}", "l")};
  for (const auto& order : {std::array{0, 1, 2, 3}, std::array{3, 2, 1, 0}, std::array{2, 0, 3, 1}}) {
    std::string text;
    for (const int each : order) text += tables[each];
    const Routes routes = routes_of(text);
    EXPECT_EQ(taker(routes, "POST", "/a/b"), "b");
    EXPECT_EQ(taker(routes, "POST", "/a/c"), "any.c");
    EXPECT_EQ(taker(routes, "POST", "/c/b"), "last.c");
    EXPECT_EQ(taker(routes, "POST", "/long/1/2"), "l");
    EXPECT_EQ(taker(routes, "PATCH", "/a/b"), "405 POST, PUT");
  }
}

TEST(Routes, ThoseOfAnEndpointAreThereToo) {
  const Routes routes = routes_of("[[endpoint.route]]\npath = \"/of/endpoint\"\nchannel = \"c\"\n");
  EXPECT_EQ(taker(routes, "POST", "/of/endpoint"), "c");
}

TEST(Uuid, IsOfVersion4WhateverTheBytes) {
  const auto made_of = [](std::uint8_t byte) {
    return make_uuid([byte](std::span<std::uint8_t> bytes) {
      std::fill(bytes.begin(), bytes.end(), byte);
      return true;
    });
  };
  EXPECT_EQ(made_of(0x00), "00000000-0000-4000-8000-000000000000");
  EXPECT_EQ(made_of(0xFF), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  EXPECT_EQ(made_of(0x1A), "1a1a1a1a-1a1a-4a1a-9a1a-1a1a1a1a1a1a");
  EXPECT_EQ(make_uuid([](auto) { return false; }), std::nullopt);
  EXPECT_EQ(make_uuid({}), std::nullopt);
}

}  // namespace
}  // namespace carillon::api
