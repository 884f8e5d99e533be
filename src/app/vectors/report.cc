#include "app/vectors/report.h"

#include <cstdio>

#include "app/terminal.h"
#include "config/text.h"
#include "json/writer.h"

namespace carillon::app {
namespace {

std::string line(std::string_view indent, std::string_view label, const std::string& text) {
  return std::string(indent) + std::string(label) + VectorReport::for_terminal(text) + "\n";
}

std::string failure_text(const VectorFailure& failure) {
  const Mismatch& mismatch = failure.mismatch;
  std::string all = failure.step == 0
                        ? std::string("      after the last step:\n")
                        : line("      ", "step " + std::to_string(failure.step) + ": ", failure.step_text);
  all += line("      ", "", mismatch.what);
  if (!mismatch.expected.empty()) {
    all += line("        ", "expected  ", mismatch.expected);
    all += line("        ", "came      ", mismatch.came);
  }
  for (const std::string& difference : mismatch.differences) all += line("        ", "", difference);
  for (const std::string& each : failure.log) all += line("      ", "note: ", each);
  return all;
}

}  // namespace

std::string VectorReport::for_terminal(std::string_view text) {
  std::string shown = config::escaped(text.substr(0, kShownBytesMax));
  return text.size() > kShownBytesMax ? shown + "…" : shown;
}

std::string VectorReport::add(const VectorFile& file, const TestVector& vector,
                              const std::optional<VectorFailure>& failure) {
  ++(vector.is_skipped ? skipped_ : failure ? failed_ : held_);
  if (form_ == Form::text) return add_text(vector, failure);
  add_json(file, vector, failure);
  return {};
}

std::string VectorReport::add_text(const TestVector& vector,
                                   const std::optional<VectorFailure>& failure) const {
  const std::string name = for_terminal(vector.name) + "\n";
  if (vector.is_skipped) return coloured(stdout, Colour::yellow, "skip") + "  " + name;
  if (!failure) return coloured(stdout, Colour::green, "ok") + "    " + name;
  return coloured(stdout, Colour::red, "FAIL") + "  " + name + failure_text(*failure);
}

void VectorReport::add_json(const VectorFile& file, const TestVector& vector,
                            const std::optional<VectorFailure>& failure) {
  json_ += json_.empty() ? "" : ",";
  json::ObjectWriter writer(json_);
  writer.member("file", file.path()).member("line", vector.line).member("name", vector.name);
  writer.member("result", vector.is_skipped ? "skipped" : failure ? "failed" : "ok");
  if (!failure) return;
  writer.member("step", failure->step).member("message", failure->mismatch.what);
  writer.member("expected", failure->mismatch.expected).member("came", failure->mismatch.came);
  {
    json::ArrayWriter differences = writer.array("differences");
    for (const std::string& each : failure->mismatch.differences) differences.element(each);
  }
  json::ArrayWriter log = writer.array("log");
  for (const std::string& each : failure->log) log.element(each);
}

std::string VectorReport::end() {
  const std::size_t all = held_ + failed_ + skipped_;
  if (form_ == Form::json) {
    return std::string("{\"ok\":") + (failed_ == 0 ? "true" : "false") + ",\"vectors\":[" + json_ + "]}\n";
  }
  std::string text =
      std::to_string(all) + (all == 1 ? " vector: " : " vectors: ") + std::to_string(held_) + " ok";
  if (failed_ > 0) text += ", " + std::to_string(failed_) + " failed";
  if (skipped_ > 0) text += ", " + std::to_string(skipped_) + " skipped, which need a real process";
  return text + "\n";
}

std::string VectorReport::mistakes_as_json(const std::vector<std::string>& mistakes) {
  std::string text;
  json::ObjectWriter writer(text);
  writer.member("ok", false);
  {
    json::ArrayWriter errors = writer.array("errors");
    for (const std::string& mistake : mistakes) errors.object().member("text", mistake);
  }
  writer.close();
  return text + "\n";
}

}  // namespace carillon::app
