#include "auth/base64url.h"

#include <gtest/gtest.h>

namespace carillon::auth {
namespace {

bool decodes(std::string_view text) {
  std::string out;
  return decode_base64url(text, out);
}

TEST(Base64Url, WhatIsEncodedDecodesToTheSameBytes) {
  std::string bytes;
  for (int i = 0; i < 600; ++i) {
    std::string out = "left over";
    ASSERT_TRUE(decode_base64url(encode_base64url(bytes), out));
    ASSERT_EQ(out, bytes);
    bytes += static_cast<char>(i * 37);
  }
}

TEST(Base64Url, TheExamplesOfRfc4648Section10WithoutPadding) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"", ""},
      {"f", "Zg"},
      {"fo", "Zm8"},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg"},
      {"fooba", "Zm9vYmE"},
      {"foobar", "Zm9vYmFy"},
      {"\x03\xEC\xFF\xE0\xC1", "A-z_4ME"}};  // the last: RFC 7515 appendix C
  for (const auto& [bytes, text] : rows) {
    EXPECT_EQ(encode_base64url(bytes), text);
    std::string out;
    EXPECT_TRUE(decode_base64url(text, out));
    EXPECT_EQ(out, bytes);
  }
}

TEST(Base64Url, OfAllTextsOfTwoAndThreeLettersOnlyTheCanonicalOnesDecode) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  int two = 0, three = 0;
  for (const char a : kLetters) {
    for (const char b : kLetters) {
      std::string out;
      if (decode_base64url(std::string{a, b}, out)) {
        ++two;
        ASSERT_EQ(encode_base64url(out), (std::string{a, b}));
      }
      for (const char c : {'A', 'B', 'C', 'D', 'E'}) {
        if (decode_base64url(std::string{a, b, c}, out)) ++three;
      }
    }
  }
  EXPECT_EQ(two, 256);            // one text a byte
  EXPECT_EQ(three, 64 * 64 * 2);  // of A to E, only A and E leave the low two bits zero
}

TEST(Base64Url, PaddingBlanksTheOtherAlphabetAndImpossibleLengthsAreRefused) {
  for (const std::string_view text :
       {"Zg==", "Zg=", "Zm8=", "Zm9v=", "Zm9 ", " Zm9v", "Zm9v\n", "Zm\r\n9v", "Zm+v", "Zm/v", "Z", "Zm9vZ",
        "Zm9v.", "Zm9\x80", "Zm9\xFF", "=", "====", "Zm9,"}) {
    EXPECT_FALSE(decodes(text)) << text;
  }
  EXPECT_FALSE(decodes(std::string_view("Zm9\0", 4)));
  EXPECT_FALSE(decodes(std::string_view("\0\0\0\0", 4)));
}

}  // namespace
}  // namespace carillon::auth
