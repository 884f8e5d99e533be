#include "http/path_pattern.h"

#include <algorithm>

#include "base/assert.h"
#include "http/characters.h"

namespace carillon::http {
namespace {

// RFC 3986 section 3.3, without escapes: what a path looks like once it is decoded.
bool is_segment_byte(char c) {
  return is_digit(c) || is_letter(c) ||
         std::string_view("-._~!$&'()+,;=:@").find(c) != std::string_view::npos;
}

bool is_parameter_name(std::string_view name) {
  const auto begins = [](char c) { return is_letter(c) || c == '_'; };
  return !name.empty() && name.size() <= kPathParameterNameBytesMax && begins(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return begins(c) || is_digit(c); });
}

tl::unexpected<Error> refused(std::string_view segment, std::string_view why) {
  return failure("the segment \"" + std::string(segment) + "\" " + std::string(why));
}

}  // namespace

Result<PathPattern::Segment> PathPattern::parse_segment(std::string_view text,
                                                        std::vector<std::string>& names) {
  if (text == "." || text == "..") return refused(text, "is a dot segment, which no request has");
  if (text.find_first_of("{}") == std::string_view::npos) {
    if (std::all_of(text.begin(), text.end(), is_segment_byte)) return Segment{std::string(text), false};
    return refused(text, "is not literal (no patterns, no query, no %-escapes, no blanks)");
  }
  if (text.size() < 2 || text.front() != '{' || text.back() != '}' ||
      text.find_first_of("{}", 1) != text.size() - 1) {
    return refused(text, "is neither literal nor one parameter; write \"{name}\" for a whole segment");
  }
  const std::string_view name = text.substr(1, text.size() - 2);
  if (!is_parameter_name(name)) {
    return refused(text, "names no parameter; write a letter, then letters, digits or \"_\", at most 32");
  }
  if (std::find(names.begin(), names.end(), name) != names.end()) {
    return refused(text, "stands in it twice; write another name");
  }
  if (names.size() == kPathParametersMax) return refused(text, "is the ninth parameter; write at most 8");
  names.emplace_back(name);
  return Segment{{}, true};
}

Result<PathPattern> PathPattern::parse(std::string_view text) {
  if (text.empty() || text.front() != '/') return failure("does not begin with \"/\"; write \"/hooks/{id}\"");
  if (text.size() > kPathPatternBytesMax) return failure("is over 255 bytes; write a shorter path");
  if (text.find("//") != std::string_view::npos)
    return failure("has an empty segment; write \"/hooks/{id}\"");
  PathPattern pattern;
  pattern.text_ = text;
  while (!text.empty()) {
    text.remove_prefix(1);
    const std::size_t end = std::min(text.find('/'), text.size());
    auto segment = parse_segment(text.substr(0, end), pattern.names_);
    if (!segment) return tl::unexpected(segment.error());
    pattern.segments_.push_back(std::move(*segment));
    text.remove_prefix(end);
  }
  return pattern;
}

std::optional<std::vector<std::string_view>> PathPattern::match(std::string_view path,
                                                                std::string_view raw_path) const {
  std::vector<std::string_view> values;
  for (const Segment& segment : segments_) {
    if (!path.starts_with('/') || !raw_path.starts_with('/')) return std::nullopt;
    path.remove_prefix(1);
    raw_path.remove_prefix(1);
    const std::string_view part = path.substr(0, path.find('/'));
    const std::string_view raw_part = raw_path.substr(0, raw_path.find('/'));
    if (segment.is_parameter ? part.empty() : raw_part != segment.literal) return std::nullopt;
    if (segment.is_parameter) values.push_back(part);
    path.remove_prefix(part.size());
    raw_path.remove_prefix(raw_part.size());
  }
  if (!path.empty() || !raw_path.empty()) return std::nullopt;
  return values;
}

std::string PathPattern::shape() const {
  std::string shape;
  for (const Segment& segment : segments_) shape += "/" + (segment.is_parameter ? "{}" : segment.literal);
  return shape;
}

bool PathPattern::overlaps(const PathPattern& other) const {
  const auto meet = [](const Segment& a, const Segment& b) {
    return a.is_parameter || b.is_parameter || a.literal == b.literal;
  };
  return std::equal(segments_.begin(), segments_.end(), other.segments_.begin(), other.segments_.end(), meet);
}

bool PathPattern::is_more_specific_than(const PathPattern& other) const {
  if (segments_.size() != other.segments_.size()) return segments_.size() < other.segments_.size();
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (segments_[i].is_parameter != other.segments_[i].is_parameter) return other.segments_[i].is_parameter;
  }
  return false;
}

Result<ParameterText> ParameterText::parse(std::string_view text, std::span<const std::string> names) {
  ParameterText result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '}')
      return failure("has a \"}\" without its \"{\"; write {name} of a parameter of the path");
    if (text[i] != '{') {
      result.literals_ += text[i];
      continue;
    }
    const std::size_t end = text.find('}', i);
    if (end == std::string_view::npos) return failure("has a \"{\" without its \"}\"; write {name}");
    const std::string_view name = text.substr(i + 1, end - i - 1);
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      std::string known;
      for (const std::string& each : names) known += (known.empty() ? "{" : ", {") + each + "}";
      return failure("the path has no {" + std::string(name) + "}; " +
                     (known.empty() ? "it has no parameters" : "it has " + known));
    }
    result.places_.push_back({result.literals_.size(), static_cast<std::size_t>(found - names.begin())});
    i = end;
  }
  return result;
}

std::string ParameterText::fill(std::span<const std::string_view> values) const {
  std::string out;
  std::size_t from = 0;
  for (const Place& place : places_) {
    CARILLON_ASSERT(place.parameter < values.size());
    out.append(literals_, from, place.literal_end - from);
    out += values[place.parameter];
    from = place.literal_end;
  }
  out.append(literals_, from);
  return out;
}

}  // namespace carillon::http
