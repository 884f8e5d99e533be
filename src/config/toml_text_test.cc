// Hostile text: it is refused with a line, and never throws, recurses without end, or leaks a value.
#include "config/toml_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_environment.h"

namespace carillon::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string repeated(std::string_view piece, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += piece;
  return out;
}

std::string message_of(std::string_view text) {
  const auto root = read_toml(text);
  return root ? "fine" : std::to_string(root.error().line) + ": " + root.error().message;
}

TEST(TomlText, KeepsTheLineOfEveryValue) {
  const auto root = read_toml("a = 1\n\n[t]\nb = \"x\"\nc.d = [\n1,\n2]\n\n[[e]]\n[[e]]\nf = 1.5\n");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("a")->line, 1U);
  EXPECT_EQ(root->find("t")->find("b")->line, 4U);
  EXPECT_EQ(root->find("t")->find("c")->line, 5U);
  const Node& array = *root->find("t")->find("c")->find("d");
  EXPECT_EQ(array.line, 5U);
  EXPECT_EQ(array.items.at(1).line, 7U);
  EXPECT_EQ(root->find("e")->items.at(0).line, 9U);
  EXPECT_EQ(root->find("e")->items.at(1).line, 10U);
  EXPECT_EQ(root->find("e")->items.at(1).find("f")->line, 11U);
}

TEST(TomlText, ReadsEveryKindOfValue) {
  const auto root = read_toml("s = 'x'\ni = -3\nf = 1.5\nb = true\nd = 2026-01-01\na = []\nt = {}\n");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("s")->text, "x");
  EXPECT_EQ(root->find("i")->integer, -3);
  EXPECT_EQ(root->find("f")->kind, Node::Kind::real);
  EXPECT_TRUE(root->find("b")->truth);
  EXPECT_EQ(root->find("d")->kind, Node::Kind::date);
  EXPECT_EQ(root->find("a")->kind, Node::Kind::array);
  EXPECT_EQ(root->find("t")->kind, Node::Kind::table);
}

TEST(TomlText, RefusesAFileOverOneMebibyte) {
  EXPECT_EQ(message_of("#" + std::string(kFileBytesMax - 2, 'x')), "fine");
  EXPECT_EQ(message_of("#" + std::string(kFileBytesMax - 1, 'x')), "fine");
  EXPECT_EQ(message_of("#" + std::string(kFileBytesMax, 'x')),
            "0: is larger than 1 MiB; a configuration file is at most 1 MiB");
  EXPECT_NE(message_of(std::string(10 * 1024 * 1024, 'x')), "fine");
}

TEST(TomlText, RefusesBracketsNestedDeeperThan32) {
  const auto nested = [](int depth) { return "\na = " + repeated("[", depth) + repeated("]", depth); };
  EXPECT_EQ(message_of(nested(31)), "fine");
  EXPECT_EQ(message_of(nested(32)), "fine");
  EXPECT_EQ(message_of(nested(33)), "2: more than 32 brackets are open; no option is nested that deep");
  EXPECT_NE(message_of("a = " + repeated("[", 500000)), "fine");
  EXPECT_NE(message_of("a = " + repeated("{a=", 100000)), "fine");
}

TEST(TomlText, RefusesKeysOfMoreThan16Parts) {
  const auto dotted = [](int parts) { return "\n" + repeated("a.", parts - 1) + "a = 1\n"; };
  EXPECT_EQ(message_of(dotted(15)), "fine");
  EXPECT_EQ(message_of(dotted(16)), "fine");
  EXPECT_EQ(message_of(dotted(17)), "2: a key has more than 16 parts; no option is nested that deep");
  // Each of these made the library recurse once a part, and end the process.
  EXPECT_NE(message_of(dotted(400000)), "fine");
  EXPECT_NE(message_of("[" + repeated("a.", 400000) + "a]\n"), "fine");
  EXPECT_NE(message_of("x = {" + repeated("'a' . ", 100000) + "a=1}"), "fine");
  EXPECT_NE(message_of("\"\"\"x\"\"\"" + repeated(".a", 100000) + " = 1"), "fine");
}

TEST(TomlText, CountsNoBracketsAndDotsInsideStringsAndComments) {
  const std::string dots = repeated(".", 40);
  const std::string brackets = repeated("[", 40);
  EXPECT_EQ(message_of("a = \"" + dots + brackets + "\\\"" + brackets + "\""), "fine");
  EXPECT_EQ(message_of("a = '" + dots + brackets + "\\'"), "fine");
  EXPECT_EQ(message_of("a = \"\"\"\n\"" + brackets + "\n" + dots + "\"\"\"\"\"\nb = 1"), "fine");
  EXPECT_EQ(message_of("a = '''\n'" + brackets + "\n" + dots + "'''\nb = 1"), "fine");
  EXPECT_EQ(message_of("a = 1 # " + dots + brackets + "'\"\nb = 2"), "fine");
}

TEST(TomlText, RefusesNulControlCharactersAndBadUtf8) {
  using namespace std::string_view_literals;
  for (const auto text : {"a = \"\0\""sv, "\0"sv, "a = \"\x01\""sv, "a = \"\xff\""sv, "a = '\xc0\x80'"sv,
                          "a = '\xed\xa0\x80'"sv, "# \xff"sv, "\xff = 1"sv, "a = \"\\ud800\""sv}) {
    EXPECT_NE(message_of(text), "fine");
  }
}

// toml++ 3.3 ran into undefined behaviour at each of these (its issue 190).
TEST(TomlText, TakesCharactersOutsideOfAsciiInStringsKeysAndComments) {
  EXPECT_EQ(message_of("a = \"é\""), "fine");
  EXPECT_EQ(message_of("a = \"\"\"\\\n§\"\"\""), "fine");
  EXPECT_EQ(message_of("a = \"\"\"\\\n  é 漢 \\\n 😀\"\"\""), "fine");
  EXPECT_EQ(message_of("\"é\" = 1\n'漢'.b = 2 # 😀 é"), "fine");
  const auto root = read_toml("a = \"\"\"\\\n  é\"\"\"");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("a")->text, "é");
}

TEST(TomlText, RefusesCharactersOutsideOfAsciiElsewhere) {
  for (const auto* text : {"[sSÀ", "é = 1", "a = é", "a = 1é", "aé = 1", "a = 1 é", "a\u00a0= 1",
                           "a = \u30001", "a = [1 é]", "a = \"\"\"\\é\"\"\"", "\u00a7", "a = true😀"}) {
    EXPECT_NE(message_of(text), "fine") << text;
  }
}

TEST(TomlText, ShowsNothingOfAValueThatMayBeASecret) {
  for (const auto* value : {"hunter2hunter2", "1hunter2hunter2", "0xhunter2hunter2", "truehunter2",
                            "fhunter2", "infhunter2", "2026-hunter2", "+hunter2", "12345678901234567890123",
                            "\"hunter2", "'hunter2\n'", "\"hunter2\\q\"", "1e99999999", "0.hunter2"}) {
    const std::string message = message_of("secret = " + std::string(value));
    EXPECT_NE(message, "fine") << value;
    EXPECT_THAT(message, Not(HasSubstr("hunt"))) << value;
    EXPECT_THAT(message, Not(HasSubstr("12345"))) << value;
  }
}

TEST(TomlText, CountsLinesPastStringsOfSeveralLines) {
  EXPECT_THAT(message_of("a = '''\n\n'''\nb = \"\"\"\n\\\n\"\"\"\nc = " + repeated("[", 33)),
              HasSubstr("7: more"));
}

TEST(TomlText, HostileTextNeverGetsOutOfLoad) {
  for (const std::string& text :
       {std::string(10 * 1024 * 1024, '['), std::string(1024 * 1024, '.'), std::string(1000, '\0'),
        std::string("[[endpoint]]\n") + std::string(1024 * 1024 - 20, '\xff'),
        "endpoint = [" + repeated("{},", 100000) + "]", "[server]\nlisten = [" + repeated("1,", 200000) + "]",
        "[keys]\n" + repeated("a = 1\n", 1000)}) {
    EXPECT_FALSE(load_good(text).errors.empty());
  }
}

}  // namespace
}  // namespace carillon::config
