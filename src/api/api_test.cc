// The API's routes on a real gateway that is built but does not run: keys, methods, types, and what
// health, readiness and metrics report.
#include "api/api.h"

#include <gtest/gtest.h>

#include "config/test_environment.h"
#include "config/text_checks.h"
#include "gateway/gateway.h"
#include "http/head_reader.h"
#include "json/reader.h"

namespace carillon::api {
namespace {

using client::HttpHandler;

http::RequestHead head_of(std::string_view text) {
  http::HeadReader reader;
  const auto step = reader.feed(text);
  EXPECT_EQ(step.state, http::HeadState::done) << text;
  return reader.take_head();
}

http::RequestHead publish_head(std::string_view headers) {
  return head_of("POST /v1/publish HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n" + std::string(headers) +
                 "\r\n");
}

constexpr std::string_view kKeyLine = "Authorization: Bearer publish-key-0123456789\r\n";
constexpr std::string_view kJsonLine = "Content-Type: application/json\r\n";

class ApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    build("server.shards = 1\nserver.listen = [\"127.0.0.1:0\"]\n[[endpoint]]\nprofile = \"orion\"\n");
  }

  void build(std::string_view toml) {
    auto loaded = config::load_good(toml);
    for (const config::Problem& problem : loaded.errors) ADD_FAILURE() << problem.text();
    gateway_.reset();
    loaded.settings.server.body_bytes_max = 1000;
    loaded.settings.bus.event_bytes_max = 100;
    auto api = Api::create(loaded.settings, [](auto) { return false; });
    ASSERT_TRUE(api.has_value()) << api.error().message;
    api_ = std::move(*api);
    auto made = gateway::Gateway::create(std::move(loaded.settings), *api_, log_);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    gateway_ = std::move(*made);
    api_->attach(gateway_->node(), visitor_.now);
    api_->count_log_lines([] { return std::uint64_t{7}; });
  }

  // The status that the head alone earns; 0 where the body is wanted.
  int judged(const http::RequestHead& head) {
    last_ = {};
    const auto judgement = api_->judge(head, visitor_);
    if (std::holds_alternative<HttpHandler::TakeBody>(judgement)) return 0;
    if (std::holds_alternative<HttpHandler::NotMine>(judgement)) return 404;
    last_ = std::get<http::Response>(judgement);
    return last_.status;
  }
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : last_.headers) {
      if (key == name) return value;
    }
    return "";
  }
  http::Response ask(std::string_view path) {
    const auto head = head_of("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(judged(head), 0) << path;
    return api_->handle(head, "", visitor_, {}).value_or(http::Response{});
  }

  client::Requester visitor_{IpAddress::parse("192.0.2.1").value(), mono_now(), wall_now()};
  NullLog log_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<gateway::Gateway> gateway_;
  http::Response last_;
};

TEST_F(ApiTest, APublishNeedsTheKeyInTheHeaderAndJson) {
  const std::string key(kKeyLine);
  const std::string json(kJsonLine);
  EXPECT_EQ(judged(publish_head(key + json)), 0);
  EXPECT_EQ(judged(publish_head("authorization: bEaReR   publish-key-0123456789\r\ncontent-type: "
                                "Application/JSON; charset=utf-8\r\n")),
            0);
  EXPECT_EQ(judged(publish_head(json)), 401);
  EXPECT_EQ(header("WWW-Authenticate"), "Bearer");
  for (const char* value :
       {"Bearer", "Bearer ", "Bearer publish-key-012345678", "Bearer publish-key-01234567892",
        "Basic publish-key-0123456789", "publish-key-0123456789", "Bearer Publish-Key-0123456789",
        "Bearerpublish-key-0123456789"}) {
    EXPECT_EQ(judged(publish_head("Authorization: " + std::string(value) + "\r\n" + json)), 401) << value;
    EXPECT_EQ(last_.body.find("publish-key"), std::string::npos);
  }
  EXPECT_EQ(judged(publish_head(key + key + json)), 401);
  EXPECT_EQ(
      judged(head_of("POST /v1/publish?key=publish-key-0123456789 HTTP/1.1\r\nHost: x\r\n" + json + "\r\n")),
      401);
  EXPECT_EQ(judged(publish_head(key)), 415);
  EXPECT_EQ(judged(publish_head(key + "Content-Type: text/plain\r\n")), 415);
  EXPECT_EQ(judged(publish_head(key + "Content-Type: application/jsonx\r\n")), 415);
}

// 180,000 wrong keys a second were answered on one connection.
TEST_F(ApiTest, WrongKeysCloseTheConnectionAndThenSlowTheirAddress) {
  const auto publish_with = [this](std::string_view key) {
    return judged(
        publish_head("Authorization: Bearer " + std::string(key) + "\r\n" + std::string(kJsonLine)));
  };
  for (std::size_t i = 0; i < client::KeyGuesses::kWrongKeysMax; ++i) {
    EXPECT_EQ(publish_with("wrong" + std::to_string(i)), 401) << i;
    EXPECT_EQ(last_.keep_alive, http::KeepAlive::close);
  }
  for (const char* key : {"wrong", "publish-key-0123456789"}) {
    EXPECT_EQ(publish_with(key), 429);
    EXPECT_EQ(last_.keep_alive, http::KeepAlive::close);
    EXPECT_EQ(header("Retry-After"), "60");
  }
  const http::Response metrics = ask("/metrics");
  EXPECT_NE(metrics.body.find("carillon_wrong_api_keys_total 10\n"), std::string::npos);
  EXPECT_NE(metrics.body.find("carillon_wrong_api_key_refusals_total 2\n"), std::string::npos);
  EXPECT_EQ(judged(publish_head(kJsonLine)), 401) << "a request without a key is 401";
  visitor_.now += client::KeyGuesses::kWindow;
  EXPECT_EQ(publish_with("publish-key-0123456789"), 0);
}

TEST_F(ApiTest, TheMethodIsJudgedBeforeTheKey) {
  for (const char* method : {"GET", "PUT", "HEAD", "DELETE"}) {
    EXPECT_EQ(judged(head_of(std::string(method) + " /v1/publish HTTP/1.1\r\nHost: x\r\n\r\n")), 405);
    EXPECT_EQ(header("Allow"), "POST");
  }
  for (const char* path : {"/health", "/ready", "/metrics"}) {
    EXPECT_EQ(judged(head_of("POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n")), 405);
    EXPECT_EQ(header("Allow"), "GET, HEAD");
    EXPECT_EQ(judged(head_of("HEAD " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n")), 0);
  }
}

// Regression: a 401 and a 400 of the publish API were counted nowhere and left no line.
TEST_F(ApiTest, EveryRefusalOfThePublishApiIsCountedByReasonAndNoted) {
  const std::string key(kKeyLine);
  const std::string json(kJsonLine);
  const auto counted = [&](const char* reason) {
    const std::string line = "carillon_publish_refusals_total{reason=\"" + std::string(reason) + "\"} ";
    const std::string text = ask("/metrics").body;
    const std::size_t at = text.find(line);
    return at == std::string::npos ? std::string("none") : text.substr(at + line.size(), 1);
  };
  const auto noted = [](const http::Response& response) {
    return response.refusal ? std::string(response.refusal->reason) : std::string();
  };
  judged(publish_head(json));
  EXPECT_EQ(noted(last_), "key");
  judged(publish_head("Authorization: Bearer SECRET\r\n" + json));
  EXPECT_EQ(last_.refusal->detail.find("SECRET"), std::string::npos);
  EXPECT_EQ(counted("key"), "2");
  judged(publish_head(key));
  EXPECT_EQ(counted("content_type"), "1");
  judged(head_of("GET /v1/publish HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_EQ(counted("method_not_allowed"), "1");
  const auto head = publish_head(key + json);
  EXPECT_EQ(noted(*api_->handle(head, "{", visitor_, {})), "body");
  EXPECT_EQ(counted("body"), "1");
  const std::string long_data = R"({"channel":"orion.a","data":")" + std::string(100, 'x') + "\"}";
  EXPECT_EQ(noted(*api_->handle(head, long_data, visitor_, {})), "too_large");
  EXPECT_EQ(counted("too_large"), "1");
  EXPECT_EQ(noted(*api_->handle(head, R"({"channel":"orion.a","data":1})", visitor_, {})), "unavailable");
  EXPECT_EQ(counted("unavailable"), "1");
}

// Regression: a GET with a body of five bytes was answered 413.
TEST_F(ApiTest, AGetMayBringASmallBodyThatMeansNothing) {
  const auto judgement =
      api_->judge(head_of("GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"), visitor_);
  ASSERT_TRUE(std::holds_alternative<HttpHandler::TakeBody>(judgement));
  EXPECT_EQ(std::get<HttpHandler::TakeBody>(judgement).body_bytes_max, 1000U)
      << "never over server.body_bytes_max";
}

// Regression: "/%68ealth" was "/health", though SECURITY.md advises to hide the latter at a proxy.
TEST_F(ApiTest, ItsPathsHaveNoSecondSpelling) {
  for (const char* path :
       {"/%68ealth", "/healt%68", "/%72eady", "/metric%73", "/v1/%70ublish", "/v%31/publish"}) {
    EXPECT_EQ(judged(head_of("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n")), 404) << path;
  }
  EXPECT_EQ(judged(head_of("GET http://x/health HTTP/1.1\r\nHost: x\r\n\r\n")), 0);
}

TEST_F(ApiTest, OtherPathsAreNotItsOwn) {
  for (const char* path : {"/", "/v1", "/v1/publish/", "/V1/publish", "/healthz", "/health/"}) {
    EXPECT_EQ(judged(head_of("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n")), 404) << path;
  }
}

TEST_F(ApiTest, ABadBodyIsRefusedAndTheConnectionKept) {
  const auto head = publish_head(std::string(kKeyLine) + std::string(kJsonLine));
  const auto response = api_->handle(head, "{", visitor_, {});
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 400);
  EXPECT_EQ(response->keep_alive, http::KeepAlive::keep);
}

TEST_F(ApiTest, NothingIsTakenWhileTheBusIsNotUp) {
  const auto head = publish_head(std::string(kKeyLine) + std::string(kJsonLine));
  const auto response = api_->handle(head, R"({"channel":"orion.a","data":1})", visitor_, {});
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->headers.at(0), (std::pair<std::string, std::string>{"Retry-After", "1"}));
}

TEST_F(ApiTest, HealthIsDegradedAndReadinessFalseUntilTheBusIsUp) {
  http::Response health = ask("/health");
  EXPECT_EQ(health.status, 200);
  EXPECT_NE(health.body.find(R"("status":"degraded")"), std::string::npos) << health.body;
  EXPECT_NE(health.body.find(R"("since":"20)"), std::string::npos) << "not 1970, before the bus has begun";
  EXPECT_NE(health.body.find(R"("uptime_s":0,)"), std::string::npos) << health.body;
  EXPECT_NE(health.body.find(R"("connections":0)"), std::string::npos);
  http::Response ready = ask("/ready");
  EXPECT_EQ(ready.status, 503);
  EXPECT_NE(ready.body.find(R"("ready":false)"), std::string::npos);

  auto& main_loop = gateway_->main_loop();
  main_loop.call_after(milliseconds(20), [&] { main_loop.stop(); });
  gateway_->run();  // the memory bus comes up at once
  health = ask("/health");
  EXPECT_NE(health.body.find(R"("status":"ok")"), std::string::npos) << health.body;
  EXPECT_EQ(ask("/ready").status, 200);
}

TEST_F(ApiTest, EveryMemberOfHealthIsRefusedAsTheNameOfACount) {
  const http::Response health = ask("/health");
  const auto body = json::parse(health.body);
  ASSERT_TRUE(body.has_value()) << health.body;
  for (const json::Member& member : body->members()) {
    EXPECT_TRUE(config::check_health_member(*member.name()).has_value()) << *member.name();
  }
}

TEST_F(ApiTest, HealthHasTheCountsThatEndpointsAskFor) {
  build(
      "server.listen = [\"127.0.0.1:0\"]\n"
      "[[endpoint]]\nprofile = \"orion\"\nhealth.connections = \"ws \\\"Connections\"\n"
      "[[endpoint]]\nprofile = \"orion\"\nname = \"b\"\npath = \"/b\"\nhealth.connections = \"others\"\n"
      "[[endpoint]]\nprofile = \"orion\"\nname = \"c\"\npath = \"/c\"\nhealth.connections = \"others\"\n"
      "[[endpoint]]\nprofile = \"orion\"\nname = \"d\"\npath = \"/d\"\n");
  const http::Response health = ask("/health");
  EXPECT_NE(health.body.find(R"("connections":0,"ws \"Connections":0,"others":0,"bus")"), std::string::npos)
      << health.body;
}

TEST_F(ApiTest, ADrainIsSeenByHealthAndReadiness) {
  auto& main_loop = gateway_->main_loop();
  main_loop.call_after(milliseconds(1), [&] { gateway_->node().begin_drain({.longest = milliseconds(50)}); });
  gateway_->run();
  const http::Response health = ask("/health");
  EXPECT_EQ(health.status, 503);
  EXPECT_NE(health.body.find(R"("status":"shutting_down")"), std::string::npos) << health.body;
  EXPECT_EQ(ask("/ready").status, 503);
}

TEST_F(ApiTest, MetricsAreInThePrometheusTextFormatWithEveryReason) {
  const http::Response metrics = ask("/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_EQ(metrics.content_type.substr(0, 10), "text/plain");
  for (const char* line :
       {"# TYPE carillon_connections gauge\n", "carillon_connections{endpoint=\"orion\"} 0\n",
        "carillon_bus_up 0\n", "carillon_log_lines_dropped_total 7\n",
        "carillon_closes_total{endpoint=\"orion\",reason=\"slow_consumer\"} 0\n",
        "carillon_refusals_total{endpoint=\"orion\",reason=\"accept_rate\"} 0\n",
        "carillon_refusals_total{endpoint=\"\",reason=\"no_descriptor\"} 0\n",
        "carillon_deliveries_total{endpoint=\"orion\"} 0\n",
        "carillon_client_sent_bytes_total{endpoint=\"\"} 0\n",
        "# TYPE carillon_delivery_latency_seconds histogram\n",
        "carillon_delivery_latency_seconds_bucket{le=\"0.001\"} 0\n",
        "carillon_delivery_latency_seconds_bucket{le=\"+Inf\"} 0\n",
        "carillon_event_recipients_bucket{le=\"1000\"} 0\n", "carillon_connections_limit 1000000\n",
        "# TYPE process_cpu_seconds_total counter\n",
        "carillon_events_dropped_total{endpoint=\"\",reason=\"invalid_json\"} 0\n",
        "carillon_ingest_accepted_total 0\n",
        "carillon_ingest_refusals_total{reason=\"content_type\"} 0\n"}) {
    EXPECT_NE(metrics.body.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(metrics.body.find("publish-key"), std::string::npos);
}

TEST(Api, WithoutAKeyPublishingIsOff) {
  const auto api = Api::create(config::Settings{}, {});
  ASSERT_TRUE(api.has_value());
  const auto judgement = (*api)->judge(publish_head(std::string(kKeyLine) + std::string(kJsonLine)), {});
  ASSERT_TRUE(std::holds_alternative<http::Response>(judgement));
  EXPECT_EQ(std::get<http::Response>(judgement).status, 403);
}

}  // namespace
}  // namespace carillon::api
