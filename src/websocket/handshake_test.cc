#include "websocket/handshake.h"

#include <gtest/gtest.h>

namespace carillon::websocket {
namespace {

using namespace std::string_view_literals;

TEST(Handshake, AnswersTheKeyOfTheRfc_Rfc6455_1_3) {
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Handshake, AKeyIsSixteenBytesInBase64_Rfc6455_4_1) {
  EXPECT_TRUE(is_valid_key("dGhlIHNhbXBsZSBub25jZQ=="));
  EXPECT_TRUE(is_valid_key("AAAAAAAAAAAAAAAAAAAAAA=="));
  EXPECT_TRUE(is_valid_key("/////////////////////w=="));
  EXPECT_TRUE(is_valid_key("+/+/+/+/+/+/+/+/+/+/+g=="));
}

TEST(Handshake, AnythingElseIsNoKey_Rfc6455_4_2_1) {
  for (const std::string_view key : {
           ""sv, "="sv, "dGhlIHNhbXBsZSBub25jZQ="sv, "dGhlIHNhbXBsZSBub25jZQ"sv,
           "dGhlIHNhbXBsZSBub25jZQ==="sv, "dGhlIHNhbXBsZSBub25jZQ== "sv, " dGhlIHNhbXBsZSBub25jZQ=="sv,
           "dGhlIHNhbXBsZSBub25jZQ=A"sv,      // the padding
           "dGhlIHNhbXBsZSBub25jZQA="sv,      // 17 bytes
           "dGhlIHNhbXBsZSBub25jZQAA"sv,      // 18
           "dGhlIHNhbXBsZSBub25j"sv,          // 15
           "dGhlIHNhbXBsZSBub25jZR=="sv,      // the same bytes, not canonical
           "dGhlIHNhbXBsZSBub25jZf=="sv,      //
           "dGhlIHNhbXBsZSBub25j-Q=="sv,      // base64url
           "dGhlIHNhbXBsZSBub25j_Q=="sv,      //
           "dGhlIHNhbXBsZSBub2\0jZQ=="sv,     //
           "dGhlIHNhbXBs=SBub25jZQ=="sv,      //
           "dGhlIHNhbXBsZSBub25jZQ==dGhl"sv,  //
       }) {
    EXPECT_FALSE(is_valid_key(key)) << key;
  }
}

}  // namespace
}  // namespace carillon::websocket
