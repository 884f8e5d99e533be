// Ingest routes on a real gateway with the in-process bus: what the head alone earns, the answer that
// waits for the bus, and the refusals around it.
#include <gtest/gtest.h>

#include "api/api.h"
#include "api/test_routes.h"
#include "gateway/gateway.h"
#include "http/head_reader.h"

namespace carillon::api {
namespace {

using client::HttpHandler;

class IngestApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config::Settings settings = settings_of(std::string(kStreamRoutes) + std::string(kOwnRoutes));
    auto api = Api::create(settings, sevens);
    ASSERT_TRUE(api.has_value()) << api.error().message;
    api_ = std::move(*api);
    auto made = gateway::Gateway::create(std::move(settings), *api_, log_);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    gateway_ = std::move(*made);
    api_->attach(gateway_->node(), visitor_.now);
  }

  static http::RequestHead head_of(std::string_view line, std::string_view headers = "") {
    http::HeadReader reader;
    const std::string text = std::string(line) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers) + "\r\n";
    EXPECT_EQ(reader.feed(text).state, http::HeadState::done) << text;
    return reader.take_head();
  }
  // The status that the head alone earns; 0 where the body is wanted.
  int judged(std::string_view line, std::string_view headers = "") {
    last_ = {};
    const auto judgement = api_->judge(head_of(line, headers), visitor_);
    if (const auto* take = std::get_if<HttpHandler::TakeBody>(&judgement)) {
      EXPECT_EQ(take->body_bytes_max, 1024U * 1024U);
      return 0;
    }
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
  std::string metrics() {
    const auto head = head_of("GET /metrics");
    return api_->handle(head, "", visitor_, {})->body;
  }

  client::Requester visitor_{IpAddress::parse("192.0.2.1").value(), mono_now(), wall_now()};
  NullLog log_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<gateway::Gateway> gateway_;
  http::Response last_;
};

constexpr std::string_view kJson = "Content-Type: application/json\r\nContent-Length: 2\r\n";

TEST_F(IngestApiTest, AKnownPathWithAnotherMethodIs405WithAllow) {
  EXPECT_EQ(judged("GET /api/streams"), 405);
  EXPECT_EQ(header("Allow"), "POST");
  EXPECT_EQ(judged("GET /api/streams/1"), 405);
  EXPECT_EQ(header("Allow"), "PATCH, PUT, DELETE");
  EXPECT_EQ(judged("POST /api/streams/1"), 405);
  EXPECT_EQ(judged("OPTIONS /keyed"), 405);
  EXPECT_EQ(judged("POST /api/streams/"), 404);
  EXPECT_EQ(judged("POST /api/streams?x=1", kJson), 0);
}

TEST_F(IngestApiTest, ABodyMustBeJsonByItsTypeAndNoBodyMayHaveAny) {
  EXPECT_EQ(judged("POST /api/streams", kJson), 0);
  EXPECT_EQ(
      judged("POST /api/streams", "content-type: Application/JSON; charset=utf-8\r\nContent-Length: 2\r\n"),
      0);
  EXPECT_EQ(judged("POST /api/streams", "Content-Type: text/plain\r\nContent-Length: 2\r\n"), 415);
  EXPECT_EQ(judged("POST /api/streams", "Content-Length: 2\r\n"), 415);
  EXPECT_EQ(judged("POST /api/streams", "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n"), 415);
  EXPECT_EQ(judged("POST /api/streams", std::string(kJson) + "Content-Type: application/json\r\n"), 415);
  EXPECT_EQ(judged("POST /api/streams", "Content-Type: text/plain\r\nContent-Length: 0\r\n"), 0);
  EXPECT_EQ(judged("DELETE /api/streams/1", "Content-Type: text/plain\r\n"), 0);
  EXPECT_EQ(judged("POST /api/streams/1/cancel"), 0);
}

TEST_F(IngestApiTest, AKeyIsAskedForWhereTheRouteHasOne) {
  const std::string json(kJson);
  EXPECT_EQ(judged("POST /keyed", json + "Authorization: Bearer route-key\r\n"), 0);
  EXPECT_EQ(judged("POST /keyed", json + "authorization: bEARER   route-key\r\n"), 0);
  EXPECT_EQ(judged("POST /keyed", json + "X-API-Key: route-key\r\n"), 0);
  EXPECT_EQ(judged("POST /keyed", json + "x-api-key: route-key\r\nAuthorization: Basic abc\r\n"), 0);
  EXPECT_EQ(judged("POST /keyed?api_key=route-key", json), 401);
  EXPECT_EQ(header("WWW-Authenticate"), "Bearer");
  for (const char* headers : {"", "X-API-Key: \r\n", "X-API-Key: route-ke\r\n", "X-API-Key: route-keys\r\n",
                              "X-API-Key: Route-Key\r\n", "X-API-Key: route-key\r\nX-API-Key: route-key\r\n",
                              "Authorization: route-key\r\n", "Authorization: Basic route-key\r\n",
                              "Authorization: Bearer \r\n", "Authorization: Bearer publish-key\r\n",
                              "Authorization: Bearer route-key\r\nAuthorization: Bearer route-key\r\n"}) {
    EXPECT_EQ(judged("POST /keyed", json + headers), 401) << headers;
    EXPECT_EQ(last_.body.find("route-key"), std::string::npos);
  }
  // The key is judged before the type, so that a client without one learns nothing else.
  EXPECT_EQ(judged("POST /keyed", "Content-Length: 2\r\n"), 401);
  EXPECT_NE(metrics().find("carillon_ingest_refusals_total{reason=\"key\"} 13\n"), std::string::npos)
      << metrics();
}

TEST_F(IngestApiTest, TheAnswerWaitsForTheBus) {
  const auto head = head_of("POST /api/streams", kJson);
  std::vector<http::Response> answers;
  auto& loop = gateway_->main_loop();
  loop.call_after(milliseconds(20), [&] {
    const auto at_once = api_->handle(head, R"({"name":"a"})", visitor_, [&](http::Response response) {
      answers.push_back(std::move(response));
      loop.stop();
    });
    EXPECT_FALSE(at_once.has_value());
    EXPECT_TRUE(answers.empty());
  });
  loop.call_after(seconds(10), [&] { loop.stop(); });
  gateway_->run();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].status, 201);
  EXPECT_EQ(answers[0].body, R"({"id":")" + std::string(kUuid) + R"(","name":"a"})");
  EXPECT_EQ(answers[0].keep_alive, http::KeepAlive::keep);
  EXPECT_NE(metrics().find("carillon_ingest_accepted_total 1\n"), std::string::npos);
}

TEST_F(IngestApiTest, NothingIsTakenWhileTheBusIsNotUp) {
  const auto response =
      api_->handle(head_of("POST /api/streams", kJson), "{}", visitor_, [](auto) { FAIL(); });
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->headers.at(0), (std::pair<std::string, std::string>{"Retry-After", "1"}));
  const auto bad = api_->handle(head_of("POST /api/streams", kJson), "{", visitor_, {});
  EXPECT_EQ(bad->status, 400);
  EXPECT_NE(metrics().find("carillon_ingest_refusals_total{reason=\"unavailable\"} 1\n"), std::string::npos);
  EXPECT_NE(metrics().find("carillon_ingest_refusals_total{reason=\"body\"} 1\n"), std::string::npos);
}

TEST_F(IngestApiTest, NothingIsTakenInADrain) {
  auto& loop = gateway_->main_loop();
  loop.call_after(milliseconds(1), [&] { gateway_->node().begin_drain({.longest = milliseconds(20)}); });
  gateway_->run();
  EXPECT_EQ(judged("POST /api/streams", kJson), 503);
  EXPECT_EQ(header("Retry-After"), "1");
  EXPECT_EQ(api_->handle(head_of("POST /api/streams", kJson), "{}", visitor_, {})->status, 503);
  EXPECT_EQ(judged("GET /api/streams"), 405);
}

// Regression: POST /api/streams/42/cancel with an empty body and the Origin of another site was served.
TEST_F(IngestApiTest, ARouteWithoutAKeyIsNotFiredByAnotherSitesPage) {
  const std::string cancel = "POST /api/streams/42/cancel";
  EXPECT_EQ(judged(cancel, "Origin: https://evil.example\r\n"), 403);
  EXPECT_EQ(last_.keep_alive, http::KeepAlive::keep);
  EXPECT_EQ(judged(cancel, "Sec-Fetch-Site: cross-site\r\n"), 403);
  EXPECT_EQ(judged(cancel, "Origin: null\r\n"), 403);
  EXPECT_EQ(judged("DELETE /api/streams/42", "Origin: http://x:81\r\n"), 403);
  EXPECT_EQ(judged("POST /api/streams", std::string(kJson) + "Origin: https://evil.example\r\n"), 403);
  EXPECT_EQ(judged(cancel, "Origin: http://x\r\nSec-Fetch-Site: same-origin\r\n"), 0);
  EXPECT_EQ(judged(cancel), 0);
  EXPECT_EQ(
      judged("POST /keyed", std::string(kJson) + "X-API-Key: route-key\r\nOrigin: https://evil.example\r\n"),
      0)
      << "no page of another site has the key";
  EXPECT_EQ(judged("POST /keyed", std::string(kJson) + "Origin: https://evil.example\r\n"), 401);
  EXPECT_EQ(judged("POST /listed", "Origin: https://app.example\r\nSec-Fetch-Site: cross-site\r\n"), 0);
  EXPECT_EQ(judged("POST /listed", "Origin: https://evil.example\r\n"), 403);
  EXPECT_NE(metrics().find("carillon_ingest_refusals_total{reason=\"cross_site\"} 6\n"), std::string::npos)
      << metrics();
}

TEST_F(IngestApiTest, ARouteHasNoSecondSpelling) {
  EXPECT_EQ(judged("POST /api/%73treams", kJson), 404);
  EXPECT_EQ(judged("POST /%61pi/streams/1/cancel"), 404);
  EXPECT_EQ(judged("POST /api/streams/%31/cancel"), 0) << "a parameter may be escaped";
}

}  // namespace
}  // namespace carillon::api
