#include "loadgen/report.h"

#include <gtest/gtest.h>

#include "json/validate.h"

namespace carillon::loadgen {
namespace {

Report a_good_run() {
  Report report;
  report.clients = 100;
  report.counters.connected = 100;
  report.counters.reads = 500;
  report.connect_s = 0.5;
  for (int i = 0; i < 100; ++i) report.handshakes.record_us(1500);
  report.published = 10;
  report.measured_s = 2;
  report.tally = {.receivers = 100, .silent = 0, .expected = 1000, .lost = 0, .surplus = 0};
  report.deliveries = 1000;
  report.latency.record_us(700);
  report.own_cpu_ns = 2'000'000;
  return report;
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Report, IsJsonWithFiguresPerSecondAndPerDelivery) {
  Report report = a_good_run();
  report.server = Report::Server{{0, 1'000'000}, {5'000'000, 1'010'000}, {9'000'000, 1'020'000}};
  const std::string json = json_of(report);
  EXPECT_TRUE(json::validate(json)) << json;
  EXPECT_TRUE(holds(json, R"("deliveries_per_s":500)")) << json;
  EXPECT_TRUE(holds(json, R"("connects_per_s":200)")) << json;
  EXPECT_TRUE(holds(json, R"("client_cpu_us_a_delivery":2)")) << json;
  EXPECT_TRUE(holds(json, R"("deliveries_a_read":2)")) << json;
  EXPECT_TRUE(holds(json, R"("cpu_us_a_delivery":4,)")) << json;
  EXPECT_TRUE(holds(json, R"("bytes_a_connection":100)")) << json;
}

TEST(Report, LeavesOutWhatWasNotMeasured) {
  const std::string json = json_of(a_good_run());
  EXPECT_FALSE(holds(json, "server"));
  EXPECT_FALSE(holds(json, "first_refusal"));
  Report listened = a_good_run();
  listened.published = 0;
  EXPECT_FALSE(holds(table_of(listened), "latency"));
  EXPECT_TRUE(holds(table_of(listened), "received"));
}

TEST(Report, WhatWasStillComingWhenTheTimeWasUpIsNotCalledLost) {
  Report report = a_good_run();
  report.tally.lost = 7;
  EXPECT_TRUE(holds(json_of(report), R"("lost":7,"undelivered":0)")) << json_of(report);
  EXPECT_FALSE(holds(table_of(report), "not yet delivered"));
  report.time_up = true;
  EXPECT_TRUE(holds(json_of(report), R"("lost":0,"undelivered":7)")) << json_of(report);
  EXPECT_TRUE(holds(table_of(report), "7 when the time was up"));
  EXPECT_FALSE(report.good());
}

TEST(Report, ARunWithoutADeliveryDividesByNothing) {
  Report report;
  report.server = Report::Server{};
  const std::string json = json_of(report);
  EXPECT_TRUE(json::validate(json)) << json;
  EXPECT_FALSE(holds(json, "null")) << json;
}

TEST(Report, IsGoodOnlyWhenNothingIsMissingOrWrong) {
  EXPECT_TRUE(a_good_run().good());
  using Spoil = void (*)(Report&);
  for (const Spoil spoil :
       {Spoil{[](Report& r) { r.counters.refused = 1; }}, Spoil{[](Report& r) { r.counters.lost = 1; }},
        Spoil{[](Report& r) { r.counters.out_of_order = 1; }}, Spoil{[](Report& r) { r.tally.lost = 1; }},
        Spoil{[](Report& r) { r.tally.surplus = 1; }}, Spoil{[](Report& r) { r.publish_refused = 1; }},
        Spoil{[](Report& r) { r.publish_unacknowledged = 1; }}}) {
    Report report = a_good_run();
    spoil(report);
    EXPECT_FALSE(report.good());
  }
  Report stalled = a_good_run();
  stalled.counters.stalled_lost = 3;
  EXPECT_TRUE(stalled.good()) << "that they are dropped is what they are for";
}

}  // namespace
}  // namespace carillon::loadgen
