#include "app/process/signals.h"

#include <gtest/gtest.h>

namespace carillon::app {
namespace {

TEST(Signals, EverySignalThatMeansTheEndDrains) {
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGPWR, SIGXCPU}) {
    EXPECT_EQ(meaning_of(signal), SignalMeaning::drain) << name_of_signal(signal);
  }
  EXPECT_EQ(meaning_of(SIGHUP), SignalMeaning::hangup);
  for (const int signal : {SIGUSR1, SIGUSR2, SIGALRM, SIGIO, SIGRTMIN, SIGRTMAX}) {
    EXPECT_EQ(meaning_of(signal), SignalMeaning::none) << name_of_signal(signal);
  }
}

TEST(Signals, HaveNamesAndAdvice) {
  EXPECT_EQ(name_of_signal(SIGHUP), "SIGHUP");
  EXPECT_EQ(name_of_signal(SIGRTMIN + 3), "SIGRTMIN+3");
  EXPECT_NE(advice_on_signal(SIGHUP).find("SIGTERM drains"), std::string_view::npos);
  EXPECT_NE(advice_on_signal(SIGUSR1).find("standard error"), std::string_view::npos);
  EXPECT_NE(advice_on_signal(SIGRTMIN).find("SIGTERM"), std::string_view::npos);
}

}  // namespace
}  // namespace carillon::app
