// For tests of messages: tables of a text and the exact message it must cause.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/test_environment.h"

namespace carillon::config {

struct Case {
  const char* text;
  const char* message;
};

inline void expect_only(const std::vector<Case>& cases) {
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(texts_of(load_good(text).errors), ::testing::ElementsAre(message)) << text;
  }
}

// Each line stands on line 3, in an endpoint of the profile orion.
inline void expect_of_endpoint(const std::vector<Case>& cases) {
  for (const auto& [line, message] : cases) {
    EXPECT_THAT(texts_of(load_good(orion_with(line)).errors), ::testing::ElementsAre(message)) << line;
  }
}

// Each line stands on line 4, in a table of its own on line 3.
inline void expect_of_table(const std::string& table, const std::vector<Case>& cases) {
  for (const auto& [line, message] : cases) {
    const std::string text = orion_with("[" + table + "]\n" + line);
    EXPECT_THAT(texts_of(load_good(text).errors), ::testing::ElementsAre(message)) << line;
  }
}

}  // namespace carillon::config
