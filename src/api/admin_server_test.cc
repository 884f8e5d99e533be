#include "api/admin_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "reactor/descriptor_message.h"
#include "reactor/listener.h"

namespace carillon::api {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A server with a control socket; its answers name what was asked.
class AdminServerTest : public ::testing::Test {
 protected:
  AdminServerTest() {
    std::string name = "/tmp/admin_server.XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ + "/control.sock";
    EXPECT_EQ(::pipe(pipe_), 0);
    auto started =
        AdminServer::start(path_, {}, counters_, log_, [this](const auto& request, const auto& respond) {
          http::Response response;
          response.body = request.method + " " + request.path + " " + request.query + " " + request.body;
          if (request.path == "/never") {
            kept_ = respond;
          } else if (request.path == "/descriptors") {
            auto copies = std::make_shared<std::vector<reactor::FileDescriptor>>();
            for (std::size_t i = 0; i < kDescriptors; ++i) copies->emplace_back(::dup(pipe_[1]));
            AdminServer::Answer answer(response);
            answer.descriptors = std::move(copies);
            respond(answer);
          } else {
            respond(response);
          }
        });
    EXPECT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }
  ~AdminServerTest() override {
    server_.reset();
    ::close(pipe_[0]);
    ::close(pipe_[1]);
    std::filesystem::remove_all(folder_);
  }

  reactor::FileDescriptor open() const {
    reactor::FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const timeval limit{10, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return socket;
  }
  static void send(const reactor::FileDescriptor& socket, std::string_view bytes) {
    EXPECT_EQ(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // What arrives until the server closes.
  static std::string receive(const reactor::FileDescriptor& socket) {
    std::string all;
    char bytes[4096];
    for (ssize_t count = 0; (count = ::recv(socket.get(), bytes, sizeof bytes, 0)) > 0;) {
      all.append(bytes, static_cast<std::size_t>(count));
    }
    return all;
  }
  std::string ask(std::string_view bytes) const {
    const auto socket = open();
    send(socket, bytes);
    return receive(socket);
  }

  static constexpr std::size_t kDescriptors = reactor::kDescriptorsAMessage + 1;

  std::string folder_;
  std::string path_;
  AdminCounters counters_;
  NullLog log_;
  int pipe_[2] = {-1, -1};
  AdminServer::Respond kept_;
  std::unique_ptr<AdminServer> server_;
};

using LongAdminServerTest = AdminServerTest;

TEST_F(AdminServerTest, ARequestIsAnsweredAndTheConnectionClosed) {
  const std::string answer = ask("POST /v1/x?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nPOST /v1/x a=b body"));
}

TEST_F(AdminServerTest, ARequestMayArriveByteByByte) {
  const auto socket = open();
  for (const char byte : std::string_view("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")) {
    send(socket, {&byte, 1});
  }
  EXPECT_THAT(receive(socket), HasSubstr("POST /x  ab"));
}

TEST_F(AdminServerTest, TheResponseToAHeadHasNoBody) {
  const std::string answer = ask("HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(AdminServerTest, WhatIsNotHttpIsRefusedAndCounted) {
  EXPECT_THAT(ask("\x16\x03\x01 hello\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_EQ(counters_.malformed, 1U);
  EXPECT_EQ(counters_.requests, 0U);
}

// In real time.
TEST_F(LongAdminServerTest, AConnectionWithoutARequestIsClosedInTimeAndCounted) {
  const auto socket = open();
  EXPECT_EQ(receive(socket), "");
  EXPECT_EQ(counters_.timeouts, 1U);
}

TEST_F(AdminServerTest, ABodyBeyondTheLimitIsRefused) {
  constexpr int kLimit = 64 * 1024;
  const auto head = [](int size) {
    return "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
  };
  for (const int size : {kLimit - 1, kLimit}) {
    EXPECT_THAT(ask(head(size) + std::string(static_cast<std::size_t>(size), 'x')),
                StartsWith("HTTP/1.1 200 "));
  }
  EXPECT_THAT(ask(head(kLimit + 1)), StartsWith("HTTP/1.1 413 "));
}

TEST_F(AdminServerTest, ConnectionsBeyondTheLimitWaitAndAreServedThen) {
  std::vector<reactor::FileDescriptor> silent;
  for (std::size_t i = 0; i < AdminServer::kConnectionsMax; ++i) silent.push_back(open());
  const auto waiting = open();
  send(waiting, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
  silent.pop_back();
  EXPECT_THAT(receive(waiting), StartsWith("HTTP/1.1 200 "));
}

// More than the kernel takes in one message.
TEST_F(AdminServerTest, DescriptorsGoWithAnAnswer) {
  const auto socket = open();
  send(socket, "GET /descriptors HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string all;
  char bytes[4096];
  std::vector<reactor::FileDescriptor> descriptors;
  for (ssize_t count = 0;
       (count = reactor::receive_with_descriptors(socket.get(), bytes, descriptors)) > 0;) {
    all.append(bytes, static_cast<std::size_t>(count));
  }
  EXPECT_THAT(all, StartsWith("HTTP/1.1 200 OK\r\n"));
  ASSERT_EQ(descriptors.size(), kDescriptors);
  EXPECT_EQ(::write(descriptors.back().get(), "x", 1), 1);
  EXPECT_EQ(::read(pipe_[0], bytes, sizeof bytes), 1);
}

TEST_F(AdminServerTest, AnAnswerToAConnectionThatHasGoneIsDropped) {
  {
    const auto socket = open();
    send(socket, "GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(ask("GET /x HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  }
  ASSERT_TRUE(kept_);
  kept_(http::Response{});
  EXPECT_THAT(ask("GET /x HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace carillon::api
