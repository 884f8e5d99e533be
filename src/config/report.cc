#include "config/report.h"

#include <algorithm>
#include <tuple>

#include "config/text.h"

namespace carillon::config {
namespace {

bool is_unknown_key(const Problem& problem) { return problem.message.starts_with(kUnknownKey); }

// Unknown keys come first: "source.channels is missing" most often follows from a misspelt one, and may have
// been found in another file or on an earlier line.
void sort_by_line(std::vector<Problem>& problems, std::string_view source) {
  const auto rank = [source](const Problem& p) {
    return std::tuple(is_unknown_key(p) ? 0 : 1, p.origin.source == source ? 0 : 1, p.origin.line);
  };
  std::stable_sort(problems.begin(), problems.end(),
                   [&](const Problem& a, const Problem& b) { return rank(a) < rank(b); });
}

}  // namespace

std::string Problem::text() const {
  if (key.empty()) return cat({origin.text(), ": ", message});
  return cat({origin.text(), ": ", key, ": ", message});
}

void Report::error(Origin origin, std::string_view key, std::string_view message) {
  if (is_full()) {
    ++left_off_;
    return;
  }
  errors_.push_back({std::move(origin), escaped(key), escaped(message)});
}

void Report::warning(Origin origin, std::string_view key, std::string_view message) {
  if (warnings_.size() >= kProblemsMax) return;
  warnings_.push_back({std::move(origin), escaped(key), escaped(message)});
}

bool Report::has_error_at(std::string_view key) const {
  return std::any_of(errors_.begin(), errors_.end(), [key](const Problem& error) {
    if (error.key.compare(0, key.size(), key) != 0) return false;
    return error.key.size() == key.size() || error.key[key.size()] == '.' || error.key[key.size()] == '[';
  });
}

void Report::note(std::string_view text) {
  if (notes_.size() < kProblemsMax) notes_.push_back(escaped(text));
}

void Report::move_into(Loaded& loaded, std::string_view source) && {
  sort_by_line(errors_, source);
  sort_by_line(warnings_, source);
  if (left_off_ > 0) {
    errors_.push_back({Origin{std::string(source), 0}, "",
                       cat({"and ", std::to_string(left_off_), " more; fix these first"})});
  }
  loaded.errors = std::move(errors_);
  loaded.warnings = std::move(warnings_);
  loaded.notes = std::move(notes_);
}

}  // namespace carillon::config
