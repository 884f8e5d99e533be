// Sec-WebSocket-Extensions: what is offered and what is answered (RFC 6455 section 9.1, RFC 7692
// section 7.1).
#include <gtest/gtest.h>

#include "websocket/handshake.h"

namespace carillon::websocket {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using Kind = ExtensionAnswer::Kind;

constexpr std::string_view kAnswer =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
constexpr std::string_view kAnswerWithWindow =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=15";

void expect_kind(std::string_view offers, Kind kind) {
  const auto answer = negotiate(offers);
  EXPECT_EQ(answer.kind, kind) << offers;
  EXPECT_EQ(answer.response.empty(), kind != Kind::deflate) << offers;
}

TEST(Negotiate, TakesWhatBrowsersAndLibrariesOffer_Rfc7692_7_1) {
  for (const std::string_view offers : {
           "permessage-deflate; client_max_window_bits",  // Chromium, ws
           "permessage-deflate",                          // Firefox
           "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
           "permessage-deflate;client_max_window_bits=15",
           "permessage-deflate; client_max_window_bits=8",
           "permessage-deflate; client_max_window_bits=\"10\"",
           "permessage-deflate; client_max_window_bits=\"1\\0\"",
           " permessage-deflate ;\tclient_max_window_bits = 9 ",
           "x-webkit-deflate-frame, permessage-deflate",
           ",, permessage-deflate,,",
       }) {
    const auto answer = negotiate(offers);
    EXPECT_EQ(answer.kind, Kind::deflate) << offers;
    EXPECT_EQ(answer.response, kAnswer) << offers;
  }
}

TEST(Negotiate, AnswersNothingToNothing_Rfc6455_9_1) {
  for (const std::string_view offers : {"", "  ", ",", " , ,\t,"}) expect_kind(offers, Kind::none);
}

TEST(Negotiate, AnswersNothingToUnknownExtensions_Rfc6455_9_1) {
  for (const std::string_view offers : {"foo", "foo; bar=1; baz, permessage-bzip2", "bbf-usp-protocol",
                                        "permessage-deflate2", "deflate-stream"}) {
    expect_kind(offers, Kind::none);
  }
}

TEST(Negotiate, DeclinesAnUnknownParameter_Rfc7692_7_1) {
  expect_kind("permessage-deflate; foo", Kind::none);
  expect_kind("permessage-deflate; foo=1", Kind::none);
  expect_kind("permessage-deflate; Server_No_Context_Takeover", Kind::none);
}

TEST(Negotiate, DeclinesARepeatedParameter_Rfc7692_7_1) {
  for (const std::string name : {"server_no_context_takeover", "client_no_context_takeover",
                                 "server_max_window_bits=15", "client_max_window_bits"}) {
    expect_kind("permessage-deflate; " + name, Kind::deflate);
    expect_kind("permessage-deflate; " + name + "; " + name, Kind::none);
  }
  expect_kind("permessage-deflate; client_max_window_bits; client_max_window_bits=15", Kind::none);
}

TEST(Negotiate, DeclinesAValueWhereThereMayBeNone_Rfc7692_7_1_1) {
  expect_kind("permessage-deflate; server_no_context_takeover=1", Kind::none);
  expect_kind("permessage-deflate; client_no_context_takeover=\"true\"", Kind::none);
}

TEST(Negotiate, DeclinesABadWindow_Rfc7692_7_1_2) {
  for (const std::string bits : {"0", "7", "16", "08", "015", "150", "1", "-8", "+8", "8a", "x", "\"16\""}) {
    expect_kind("permessage-deflate; client_max_window_bits=" + bits, Kind::none);
    expect_kind("permessage-deflate; server_max_window_bits=" + bits, Kind::none);
  }
  expect_kind("permessage-deflate; server_max_window_bits", Kind::none);
}

TEST(Negotiate, AnyClientWindowWillDo_Rfc7692_7_1_2_2) {
  for (int bits = 8; bits <= 15; ++bits) {
    expect_kind("permessage-deflate; client_max_window_bits=" + std::to_string(bits), Kind::deflate);
  }
}

TEST(Negotiate, DeclinesAServerWindowThatItCannotPromise_Rfc7692_7_1_2_1) {
  for (int bits = 8; bits <= 14; ++bits) {
    expect_kind("permessage-deflate; server_max_window_bits=" + std::to_string(bits), Kind::none);
  }
}

TEST(Negotiate, ReturnsAFullServerWindow_Rfc7692_7_1_2_1) {
  EXPECT_EQ(negotiate("permessage-deflate; server_max_window_bits=15").response, kAnswerWithWindow);
}

TEST(Negotiate, TakesTheFirstOfferThatItCan_Rfc7692_5) {
  const auto first =
      "permessage-deflate; server_max_window_bits=10, permessage-deflate; server_max_window_bits=15"sv;
  EXPECT_EQ(negotiate(first).response, kAnswerWithWindow);
  const auto fallback =
      "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate"sv;
  EXPECT_EQ(negotiate(fallback).response, kAnswer);
  EXPECT_EQ(negotiate("permessage-deflate, permessage-deflate; server_max_window_bits=15").response, kAnswer);
}

TEST(Negotiate, RefusesWhatIsNotTheGrammar_Rfc6455_9_1) {
  for (const std::string_view offers : {
           ";"sv,
           "="sv,
           "permessage-deflate;"sv,
           "permessage-deflate; "sv,
           "permessage-deflate;;"sv,
           "permessage-deflate; =15"sv,
           "permessage-deflate; client_max_window_bits="sv,
           "permessage-deflate; client_max_window_bits=\""sv,
           "permessage-deflate; client_max_window_bits=\"\""sv,
           "permessage-deflate; client_max_window_bits=\"15"sv,
           "permessage-deflate; client_max_window_bits=\"15\\"sv,
           "permessage-deflate; client_max_window_bits=\"1 5\""sv,
           "permessage-deflate; client_max_window_bits=15 16"sv,
           "permessage-deflate client_max_window_bits"sv,
           "permessage-deflate, ;"sv,
           "permessage-deflate, a b"sv,
           "permessage-deflate\0"sv,
           "perme\x80ssage"sv,
           "(comment)"sv,
           "\"permessage-deflate\""sv,
           "foo=bar"sv,
       }) {
    expect_kind(offers, Kind::malformed);
  }
}

std::string repeated(std::string_view part, std::size_t count, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out.append(i == 0 ? "" : separator).append(part);
  return out;
}

TEST(Negotiate, OffersAreBounded) {
  expect_kind(repeated("foo", kExtensionOffersMax - 1, ","), Kind::none);
  expect_kind(repeated("foo", kExtensionOffersMax, ","), Kind::none);
  expect_kind(repeated("foo", kExtensionOffersMax + 1, ","), Kind::malformed);
  expect_kind(repeated("foo", kExtensionOffersMax - 1, ",") + ",permessage-deflate", Kind::deflate);
}

TEST(Negotiate, ParametersAreBounded) {
  expect_kind("foo; " + repeated("a", kExtensionParametersMax - 1, ";"), Kind::none);
  expect_kind("foo; " + repeated("a", kExtensionParametersMax, ";"), Kind::none);
  expect_kind("foo; " + repeated("a", kExtensionParametersMax + 1, ";"), Kind::malformed);
}

TEST(Negotiate, HostileListsEndQuickly) {
  expect_kind(std::string(16384, ','), Kind::none);
  expect_kind(std::string(16384, ';'), Kind::malformed);
  expect_kind(std::string(16384, 'a'), Kind::none);
  expect_kind("a;b=\"" + std::string(16384, '\\'), Kind::malformed);
}

TEST(Subprotocols, TheClientsFirstThatTheEndpointSpeaksIsChosen_Rfc6455_4_2_2) {
  const std::vector<std::string> spoken = {"chat.v1", "chat.v2"};
  for (const auto& [offers, chosen] :
       std::vector<std::pair<std::string_view, std::string_view>>{{"chat.v1", "chat.v1"},
                                                                  {"chat.v2, chat.v1", "chat.v2"},
                                                                  {"x,chat.v2\t, chat.v1", "chat.v2"},
                                                                  {" ,, chat.v1", "chat.v1"},
                                                                  {"x", ""},
                                                                  {"Chat.v1", ""},
                                                                  {"chat.v", ""},
                                                                  {"chat.v1 chat.v2", ""},
                                                                  {"\"chat.v1\"", ""},
                                                                  {"chat.v1;q=1", ""},
                                                                  {"", ""},
                                                                  {" ", ""}}) {
    EXPECT_EQ(choose_subprotocol(offers, spoken), chosen) << offers;
  }
  EXPECT_EQ(choose_subprotocol("chat.v1", {}), "");
}

TEST(Subprotocols, OffersAreBounded) {
  const std::vector<std::string> spoken = {"chat.v1"};
  for (const std::size_t before : {kSubprotocolOffersMax - 2, kSubprotocolOffersMax - 1}) {
    EXPECT_EQ(choose_subprotocol(repeated("x", before, ",") + ",chat.v1", spoken), "chat.v1") << before;
  }
  EXPECT_EQ(choose_subprotocol(repeated("x", kSubprotocolOffersMax, ",") + ",chat.v1", spoken), "");
  EXPECT_EQ(choose_subprotocol(std::string(16384, ','), spoken), "");
}

}  // namespace
}  // namespace carillon::websocket
