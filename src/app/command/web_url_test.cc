#include "app/command/web_url.h"

#include <gtest/gtest.h>

namespace carillon::app {
namespace {

std::string parts_of(std::string_view text) {
  const auto url = parse_web_url(text, "http", "https");
  if (!url) return "refused";
  return std::string(url->is_tls ? "tls " : "") + url->host + " " + url->port + " " + url->target + " " +
         url->authority();
}

TEST(WebUrl, ItsPartsAreRead) {
  EXPECT_EQ(parts_of("http://127.0.0.1:8000"), "127.0.0.1 8000 / 127.0.0.1:8000");
  EXPECT_EQ(parts_of("https://push.example.com/a?b=c#d"), "tls push.example.com 443 /a?b=c push.example.com");
  EXPECT_EQ(parts_of("http://[::1]:8000/ws"), "::1 8000 /ws [::1]:8000");
  EXPECT_EQ(parts_of("http://h?token=x"), "h 80 /?token=x h");
}

TEST(WebUrl, WhatIsNoUrlIsRefused) {
  for (const char* text : {"", "127.0.0.1:8000", "ws://h", "http://", "http://:80", "http://h:", "http://h:x",
                           "http://h:65536", "http://[::1", "http://[::1]x", "http://h/a b", "http://h/\n"}) {
    EXPECT_EQ(parts_of(text), "refused") << text;
  }
}

TEST(WebUrl, TheErrorShowsWhatToWrite) {
  const auto url = parse_web_url("push.example.com", "ws", "wss");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().message,
            "\"push.example.com\" is not a URL that this command can use; write one such as "
            "ws://127.0.0.1:8000 or wss://push.example.com");
}

}  // namespace
}  // namespace carillon::app
