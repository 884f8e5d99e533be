// Fetches from a server on this machine that answers what the test says.
#include "fetch/curl_fetcher.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>

namespace carillon::fetch {
namespace {

using auth::FetchFault;
using auth::FetchRequest;
using auth::FetchResult;

// Answers each request with the text for its path; "" keeps the connection open without an answer.
using Answers = std::map<std::string, std::string>;

class TestServer {
 public:
  explicit TestServer(Answers answers) : answers_(std::move(answers)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(listener_, 64), 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port = ::ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    for (const int fd : silent_) ::close(fd);
  }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port) + path; }

  std::uint16_t port = 0;

 private:
  void serve() {
    for (int fd = -1; (fd = ::accept(listener_, nullptr, nullptr)) >= 0;) {
      std::string head;
      char byte = 0;
      while (head.find("\r\n\r\n") == std::string::npos && ::read(fd, &byte, 1) == 1) head += byte;
      const std::size_t begin = head.find(' ') + 1;
      const std::string& answer = answers_[head.substr(begin, head.find(' ', begin) - begin)];
      if (answer.empty()) {
        silent_.push_back(fd);
        continue;
      }
      std::size_t sent = 0;
      while (sent < answer.size()) {
        const auto count = ::send(fd, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) break;
        sent += static_cast<std::size_t>(count);
      }
      ::close(fd);
    }
  }

  Answers answers_;
  int listener_ = -1;
  std::vector<int> silent_;
  std::thread thread_;
};

std::string ok(const std::string& body, const std::string& headers = {}) {
  return "HTTP/1.1 200 OK\r\nConnection: close\r\n" + headers + "\r\n" + body;
}
std::string redirect_to(const std::string& target) {
  return "HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: " + target + "\r\n\r\n";
}

class Fetching : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = make_curl_fetcher();
    ASSERT_TRUE(made) << made.error().message;
    fetcher_ = std::move(*made);
  }
  std::future<FetchResult> begin(const std::string& url, std::size_t bytes_max = 1000,
                                 milliseconds timeout = seconds(5)) {
    auto promise = std::make_shared<std::promise<FetchResult>>();
    auto future = promise->get_future();
    fetcher_->fetch({.url = url, .ca_file = {}, .timeout = timeout, .bytes_max = bytes_max},
                    [promise](FetchResult result) { promise->set_value(std::move(result)); });
    return future;
  }
  FetchResult fetch(const std::string& url, std::size_t bytes_max = 1000, milliseconds timeout = seconds(5)) {
    return begin(url, bytes_max, timeout).get();
  }
  std::string fault_of(const std::string& url, std::size_t bytes_max = 1000,
                       milliseconds timeout = seconds(5)) {
    const auto result = fetch(url, bytes_max, timeout);
    return result ? "none" : std::string(auth::name_of(result.error().fault));
  }

  std::unique_ptr<auth::KeySetFetcher> fetcher_;
};

TEST_F(Fetching, TheDocumentAndItsMaxAgeAreReturned) {
  TestServer server(
      Answers{{"/keys", ok("{}", "cache-CONTROL: public, max-age=300\r\n")}, {"/plain", ok("x")}});
  const auto keys = fetch(server.url("/keys"));
  ASSERT_TRUE(keys) << keys.error().detail;
  EXPECT_EQ(keys->body, "{}");
  EXPECT_EQ(keys->max_age, seconds(300));
  EXPECT_EQ(fetch(server.url("/plain"))->max_age, std::nullopt);
}

TEST_F(Fetching, ADocumentOverTheLimitIsRefused) {
  TestServer server(Answers{{"/999", ok(std::string(999, 'x'))},
                            {"/1000", ok(std::string(1000, 'x'))},
                            {"/1001", ok(std::string(1001, 'x'))},
                            {"/many", ok(std::string(10'000'000, 'x'))}});
  EXPECT_EQ(fault_of(server.url("/999")), "none");
  EXPECT_EQ(fault_of(server.url("/1000")), "none");
  EXPECT_EQ(fault_of(server.url("/1001")), "too_large");
  EXPECT_EQ(fault_of(server.url("/many")), "too_large");
}

TEST_F(Fetching, OnlyThreeRedirectsOnTheSameServerAreFollowed) {
  TestServer other(Answers{{"/keys", ok("evil")}});
  TestServer server(Answers{{"/0", ok("{}")},
                            {"/1", redirect_to("/0")},
                            {"/2", redirect_to("/1")},
                            {"/3", redirect_to("/2")},
                            {"/4", redirect_to("/3")},
                            {"/loop", redirect_to("/loop")},
                            {"/other", redirect_to(other.url("/keys"))},
                            {"/file", redirect_to("file:///etc/passwd")},
                            {"/nowhere", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"}});
  EXPECT_EQ(fault_of(server.url("/2")), "none");
  EXPECT_EQ(fault_of(server.url("/3")), "none");
  EXPECT_EQ(fault_of(server.url("/4")), "redirect");
  EXPECT_EQ(fault_of(server.url("/loop")), "redirect");
  EXPECT_EQ(fault_of(server.url("/other")), "redirect");
  EXPECT_EQ(fault_of(server.url("/file")), "redirect");
  EXPECT_EQ(fault_of(server.url("/nowhere")), "redirect");
}

TEST_F(Fetching, OtherAnswersAreFaults) {
  std::uint16_t closed = 0;
  {
    TestServer server(Answers{{"/404", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
                              {"/204", "HTTP/1.1 204 No Content\r\n\r\n"},
                              {"/garbage", "garbage\r\n\r\n"}});
    closed = server.port;
    EXPECT_EQ(fault_of(server.url("/404")), "status");
    EXPECT_EQ(fault_of(server.url("/204")), "status");
    EXPECT_EQ(fault_of(server.url("/garbage")), "unreachable");
  }
  EXPECT_EQ(fault_of("http://127.0.0.1:" + std::to_string(closed) + "/"), "unreachable");
}

TEST_F(Fetching, ASlowFetchEndsInTimeAndDelaysNoOther) {
  TestServer server(Answers{{"/slow", ""}, {"/fast", ok("{}")}});
  auto slow = begin(server.url("/slow"), 1000, milliseconds(300));
  EXPECT_EQ(fault_of(server.url("/fast")), "none");
  EXPECT_EQ(slow.wait_for(std::chrono::seconds(0)), std::future_status::timeout) << "still under way";
  const auto result = slow.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().fault, FetchFault::timeout);
}

TEST_F(Fetching, TheEndDoesNotWaitForFetchesUnderWay) {
  TestServer server(Answers{{"/slow", ""}});
  auto slow = begin(server.url("/slow"), 1000, std::chrono::hours(1));
  fetcher_.reset();
  EXPECT_THROW(slow.get(), std::future_error) << "its function was dropped, not called";
}

}  // namespace
}  // namespace carillon::fetch
