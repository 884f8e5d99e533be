// What an event costs here: one validation, one rendered frame.
#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "json/outline.h"
#include "json/pointer.h"
#include "json/template.h"
#include "json/validate.h"

namespace {

using carillon::json::Pointer;
using carillon::json::Template;
using carillon::json::TemplateValue;

// A body as publishers write them, filled up to `bytes` with text.
std::string event_body(std::size_t bytes) {
  std::string body =
      R"({"trend_id":"7d0c2f6e-98b5-4d6a-9c4f-52c1f2a1f6f0","topic":"AI agents in production",)"
      R"("source":"google_trends","score":0.87,"niche":"technology","tags":["a","b"],"n":[1,2,3],"note":")";
  while (body.size() + 2 < bytes) body += static_cast<char>('a' + body.size() % 26);
  return body + "\"}";
}

// Structure and short strings only: the validator's worst honest case.
std::string dense_body(std::size_t bytes) {
  std::string body = "[";
  while (body.size() + 24 < bytes) body += R"({"a":1,"b":[true,2]},)";
  return body + "0]";
}

void validate_event(benchmark::State& state) {
  const std::string body = event_body(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(carillon::json::validate(body));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(validate_event)->Arg(256)->Arg(1024)->Arg(65536);

void validate_dense(benchmark::State& state) {
  const std::string body = dense_body(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(carillon::json::validate(body));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(validate_dense)->Arg(256)->Arg(65536);

void render_orion(benchmark::State& state) {
  constexpr std::array<std::string_view, 3> kVariables = {"channel", "body", "time_s"};
  const auto frame =
      Template::compile(R"({"channel":$channel,"payload":$body,"timestamp":$time_s})", kVariables);
  const std::string body = event_body(static_cast<std::size_t>(state.range(0)));
  const std::array values = {TemplateValue::string("orion.trend.detected"), TemplateValue::raw(body),
                             TemplateValue::string("2026-01-01T00:00:00Z")};
  std::string out;
  for (auto _ : state) {
    out.clear();
    frame->render(values, out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(render_orion)->Arg(256);

void find_last_member(benchmark::State& state) {
  const auto pointer = Pointer::parse("/note");
  const std::string body = event_body(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(pointer->find(body));
}
BENCHMARK(find_last_member)->Arg(256);

// What the service protocol looks up of each event: what it requires, and what its frame shows.
struct ServiceEvent {
  std::array<Pointer, 3> pointers{*Pointer::parse("/type"), *Pointer::parse("/type"),
                                  *Pointer::parse("/data")};
  std::string body = R"({"type":"news","data":)" + event_body(220) + "}";
};

void find_three_by_themselves(benchmark::State& state) {
  const ServiceEvent event;
  for (auto _ : state) {
    for (const Pointer& pointer : event.pointers) benchmark::DoNotOptimize(pointer.find(event.body));
  }
}
BENCHMARK(find_three_by_themselves);

void find_three_in_an_outline(benchmark::State& state) {
  const ServiceEvent event;
  for (auto _ : state) {
    carillon::json::Outline outline(event.body);
    for (const Pointer& pointer : event.pointers) benchmark::DoNotOptimize(outline.find(pointer));
  }
}
BENCHMARK(find_three_in_an_outline);

}  // namespace
