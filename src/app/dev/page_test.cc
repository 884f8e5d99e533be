#include "app/dev/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "http/head_reader.h"
#include "json/reader.h"

namespace carillon::app {
namespace {

using client::HttpHandler;
using ::testing::HasSubstr;

constexpr std::string_view kNonce = "0123456789abcdef0123456789abcdef";
constexpr std::string_view kPost = "Host: localhost:8000\r\nContent-Type: application/json\r\n";
constexpr std::string_view kHere = "Host: localhost:8000\r\n";

// An Api that has one route, /taken, and answers what it is asked to publish.
class RecordingApi final : public HttpHandler {
 public:
  Judgement judge(const http::RequestHead& head, const client::Requester&) override {
    if (head.raw_path == taken) return TakeBody{7};
    return NotMine{};
  }
  std::optional<http::Response> handle(const http::RequestHead& head, std::string body,
                                       const client::Requester&, client::Responder responder) override {
    seen = std::string(head.method) + " " + std::string(head.raw_path) + " " + body;
    later = std::move(responder);
    return std::nullopt;
  }
  bool is_essential(const http::RequestHead& head) const override { return head.raw_path == "/health"; }

  std::string taken = "/taken";
  std::string seen;
  client::Responder later;
};

class DevPageTest : public ::testing::Test {
 protected:
  DevPageTest() {
    page_.put_before(api_);
    page_.show(R"({"endpoints":[])");
  }

  static http::RequestHead head_of(std::string_view line, std::string_view headers) {
    http::HeadReader reader;
    const std::string text = std::string(line) + " HTTP/1.1\r\n" + std::string(headers) + "\r\n";
    EXPECT_EQ(reader.feed(text).state, http::HeadState::done) << text;
    return reader.take_head();
  }
  static client::Requester from(std::string_view address) {
    return {IpAddress::parse(address).value(), {}, {}};
  }
  // The status of the response to the head: 0 when the body is read next, 404 when no handler has the path.
  int judged(std::string_view line, std::string_view headers = kHere,
             std::string_view address = "127.0.0.1") {
    last_ = {};
    const auto judgement = page_.judge(head_of(line, headers), from(address));
    if (std::holds_alternative<HttpHandler::TakeBody>(judgement)) return 0;
    if (std::holds_alternative<HttpHandler::NotMine>(judgement)) return 404;
    last_ = std::get<http::Response>(judgement);
    return last_.status;
  }
  int posted(const std::string& headers) { return judged("POST /dev/publish", std::string(kPost) + headers); }
  static std::string with_nonce(std::string_view nonce) {
    return "X-Carillon-Nonce: " + std::string(nonce) + "\r\n";
  }
  const http::Response& answer_to(std::string_view line, std::string_view headers = kHere) {
    auto answer = page_.handle(head_of(line, headers), "", from("127.0.0.1"), {});
    EXPECT_TRUE(answer.has_value());
    last_ = std::move(*answer);
    return last_;
  }
  std::string header(std::string_view name) const {
    const auto found = std::find_if(last_.headers.begin(), last_.headers.end(),
                                    [&](const auto& each) { return each.first == name; });
    return found == last_.headers.end() ? "" : found->second;
  }
  void expect_secured(std::string_view connect) const {
    EXPECT_EQ(header("Content-Security-Policy"),
              "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src " +
                  std::string(connect) + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    EXPECT_EQ(header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(header("Referrer-Policy"), "no-referrer");
    EXPECT_EQ(header("Cache-Control"), "no-store");
    EXPECT_EQ(header("Cross-Origin-Resource-Policy"), "same-origin");
    EXPECT_EQ(header("Cross-Origin-Opener-Policy"), "same-origin");
  }

  RecordingApi api_;
  DevPage page_{Secret(std::string(kNonce))};
  http::Response last_;
};

TEST_F(DevPageTest, IsServedToThisMachineByTheNamesOfThisMachine) {
  for (const std::string host : {"localhost", "LOCALHOST:1", "127.0.0.1:8000", "[::1]:8000", "[::1]"}) {
    EXPECT_EQ(judged("GET /", "Host: " + host + "\r\n"), 0) << host;
  }
  EXPECT_EQ(judged("GET /", kHere, "::1"), 0);
  EXPECT_EQ(judged("HEAD /"), 0);
}

TEST_F(DevPageTest, RefusesAnyOtherHostWithASentence) {
  for (const std::string host : {"evil.example", "localhost.evil.example", "127.0.0.1.nip.io:8000",
                                 "127.0.0.2", "localhost.", "[::2]", "0.0.0.0:8000"}) {
    for (const std::string path : {"/", "/dev/state", "/dev/page.js"}) {
      EXPECT_EQ(judged("GET " + path, "Host: " + host + "\r\n"), 403) << host << path;
      EXPECT_THAT(last_.body, HasSubstr("open this page as localhost"));
      expect_secured("'self'");
    }
  }
}

TEST_F(DevPageTest, RefusesOtherMachinesAndProxies) {
  EXPECT_EQ(judged("GET /", kHere, "192.0.2.1"), 403);
  EXPECT_THAT(last_.body, HasSubstr("on the gateway's own machine only"));
  for (const std::string proxy :
       {"X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "Via: 1.1 x", "X-Real-IP: 127.0.0.1"}) {
    EXPECT_EQ(judged("GET /dev/state", std::string(kHere) + proxy + "\r\n"), 403) << proxy;
  }
}

TEST_F(DevPageTest, LeavesARefusalInTheLog) {
  judged("GET /", "Host: evil.example\r\n");
  ASSERT_TRUE(last_.refusal.has_value());
  EXPECT_EQ(last_.refusal->reason, "dev_page");
}

TEST_F(DevPageTest, AnswersOtherMethodsWithThoseThatThereAre) {
  EXPECT_EQ(judged("POST /"), 405);
  EXPECT_EQ(header("Allow"), "GET, HEAD");
  expect_secured("'self'");
  EXPECT_EQ(judged("GET /dev/publish"), 405);
  EXPECT_EQ(header("Allow"), "POST");
}

TEST_F(DevPageTest, HasTheHeadersOfAPageThatRunsOnlyItsOwnFiles) {
  for (const std::string path : {"/", "/dev/page.css", "/dev/page.js", "/dev/state", "/dev/icon.svg"}) {
    EXPECT_FALSE(answer_to("GET " + path).body.empty()) << path;
    expect_secured("'self' ws://localhost:8000 wss://localhost:8000");
  }
  EXPECT_EQ(answer_to("GET /").content_type, "text/html; charset=utf-8");
  EXPECT_EQ(answer_to("GET /dev/page.js").content_type, "text/javascript; charset=utf-8");
}

TEST_F(DevPageTest, HasTheNonceInItsStateOnly) {
  const auto& body = answer_to("GET /dev/state").body;
  const auto state = json::parse(body);
  ASSERT_TRUE(state.has_value()) << body;
  EXPECT_EQ(state->find("nonce")->string().value(), kNonce);
  EXPECT_EQ(answer_to("GET /").body.find(kNonce), std::string::npos);
}

TEST_F(DevPageTest, LetsALinkOfAnotherSiteLeadToIt) {
  EXPECT_EQ(judged("GET /", std::string(kHere) + "Sec-Fetch-Site: cross-site\r\n"), 0);
}

TEST_F(DevPageTest, GivesAnotherSiteNeitherItsStateNorItsScripts) {
  for (const std::string path : {"/dev/state", "/dev/page.js"}) {
    EXPECT_EQ(judged("GET " + path, std::string(kHere) + "Sec-Fetch-Site: cross-site\r\n"), 403) << path;
    EXPECT_EQ(judged("GET " + path, std::string(kHere) + "Origin: https://evil.example\r\n"), 403) << path;
  }
}

TEST_F(DevPageTest, PublishesWithTheNonceOnly) {
  EXPECT_EQ(posted(with_nonce(kNonce)), 0);
  EXPECT_EQ(posted(""), 403);
  EXPECT_THAT(last_.body, HasSubstr("load the page again"));
  EXPECT_EQ(posted(with_nonce("")), 403);
  EXPECT_EQ(posted(with_nonce(std::string(kNonce.substr(1)) + "0")), 403);
  EXPECT_EQ(posted(with_nonce(kNonce) + with_nonce(kNonce)), 403);
  EXPECT_EQ(judged("POST /dev/publish?nonce=" + std::string(kNonce), kPost), 403);
}

TEST_F(DevPageTest, PublishesNothingWhenThereIsNoNonce) {
  DevPage page{Secret()};
  page.put_before(api_);
  const auto judgement =
      page.judge(head_of("POST /dev/publish", std::string(kPost) + with_nonce("")), from("127.0.0.1"));
  ASSERT_TRUE(std::holds_alternative<http::Response>(judgement));
  EXPECT_EQ(std::get<http::Response>(judgement).status, 403);
}

TEST_F(DevPageTest, PublishesForItsOwnOriginAndOnlyJson) {
  EXPECT_EQ(posted(with_nonce(kNonce) + "Origin: http://localhost:8000\r\n"), 0);
  EXPECT_EQ(posted(with_nonce(kNonce) + "Origin: http://localhost:9000\r\n"), 403);
  EXPECT_EQ(posted(with_nonce(kNonce) + "Sec-Fetch-Site: cross-site\r\n"), 403);
  EXPECT_EQ(judged("POST /dev/publish", std::string(kHere) + with_nonce(kNonce)), 415);
}

TEST_F(DevPageTest, HandsWhatIsPublishedToTheApi) {
  std::optional<http::Response> answer;
  const auto head = head_of("POST /dev/publish", std::string(kPost) + with_nonce(kNonce));
  EXPECT_FALSE(page_.handle(head, "{}", from("127.0.0.1"),
                            [&](http::Response response) { answer = std::move(response); }));
  EXPECT_EQ(api_.seen, "POST /v1/publish {}");
  http::Response published;
  published.body = R"({"published":1})";
  api_.later(published);
  ASSERT_TRUE(answer.has_value());
  last_ = *answer;
  EXPECT_EQ(last_.body, published.body);
  expect_secured("'self'");
}

TEST_F(DevPageTest, LeavesEveryOtherPathToTheApi) {
  EXPECT_EQ(judged("GET /taken", "Host: evil.example\r\n", "192.0.2.1"), 0);
  EXPECT_EQ(judged("GET /nowhere"), 404);
  EXPECT_EQ(judged("GET /dev/"), 404);
  EXPECT_EQ(judged("GET /%64ev/state"), 404);
  page_.handle(head_of("GET /taken", kHere), "b", from("127.0.0.1"), {});
  EXPECT_EQ(api_.seen, "GET /taken b");
  EXPECT_TRUE(page_.is_essential(head_of("GET /health", kHere)));
  EXPECT_FALSE(page_.is_essential(head_of("GET /", kHere)));
}

TEST_F(DevPageTest, LeavesItsOwnPathToARouteOfTheUser) {
  api_.taken = "/dev/publish";
  EXPECT_EQ(judged("POST /dev/publish", "Host: a\r\n", "192.0.2.1"), 0);
  page_.handle(head_of("POST /dev/publish", "Host: a\r\n"), "b", from("192.0.2.1"), {});
  EXPECT_EQ(api_.seen, "POST /dev/publish b");
}

TEST(RandomNonce, IsAnotherOneEachTime) {
  EXPECT_EQ(random_nonce().reveal().size(), 32U);
  EXPECT_NE(random_nonce().reveal(), random_nonce().reveal());
}

}  // namespace
}  // namespace carillon::app
