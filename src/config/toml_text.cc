#include "config/toml_text.h"

#include <algorithm>
#include <optional>
#include <utility>

// Header-only and without exceptions: Debian's shared build throws, and a fuzzer sees nothing of it.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_UNRELEASED_FEATURES 0
#define TOML_MAX_NESTED_VALUES 64
#include <toml++/toml.h>

namespace carillon::config {
namespace {

// Finds what the library would answer by recursing until the stack ends: `a.a.a.…` and `[[[[…`.
// It knows strings and comments, and no more of TOML than that.
class DepthScan {
 public:
  explicit DepthScan(std::string_view text) : text_(text) {}

  std::optional<SyntaxFault> run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        skip_string(c);
        continue;
      }
      if (c == '#') {
        skip_comment();
        continue;
      }
      if (!take(c)) return SyntaxFault{line_, too_deep()};
      ++at_;
    }
    return std::nullopt;
  }

 private:
  bool take(char c) {
    if (c == '\n') ++line_;
    if (c == '.') {
      ++dots_;
    } else if (c == '\n' || c == '=' || c == ',') {
      dots_ = 0;
    } else if (c == '[' || c == '{') {
      dots_ = 0;
      ++open_;
    } else if ((c == ']' || c == '}') && open_ > 0) {
      --open_;
    }
    return dots_ < kKeyPartsMax && open_ <= kNestingMax;
  }

  void skip_comment() { at_ = std::min(text_.find('\n', at_), text_.size()); }

  void skip_string(char quote) {
    const std::string triple(3, quote);
    const bool multi_line = text_.substr(at_, 3) == triple;
    at_ += multi_line ? 3 : 1;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n') {
        if (!multi_line) return;  // not TOML; the library says so
        ++line_;
      } else if (c == '\\' && quote == '"') {
        if (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
      } else if (!multi_line && c == quote) {
        ++at_;
        return;
      } else if (multi_line && text_.substr(at_, 3) == triple) {
        at_ += 3;
        while (at_ < text_.size() && text_[at_] == quote) ++at_;  // up to two quotes belong to the text
        return;
      }
      ++at_;
    }
  }

  std::string too_deep() const {
    if (dots_ >= kKeyPartsMax) return "a key has more than 16 parts; no option is nested that deep";
    return "more than 32 brackets are open; no option is nested that deep";
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::uint32_t dots_ = 0;
  std::uint32_t open_ = 0;
};

// Hides quoted pieces of the file from a message of the library: an unquoted secret would be in it.
std::string without_values(std::string_view description) {
  if (description.find("redefine") != std::string_view::npos) return std::string(description);  // names keys
  std::string out;
  while (!description.empty()) {
    const auto open = description.find('\'');
    out += description.substr(0, open);
    if (open == std::string_view::npos) break;
    description.remove_prefix(open + 1);
    const auto close = description.find('\'', 1);
    const auto inside = description.substr(0, close);
    const bool harmless = inside.size() <= 4 || inside == "false" || inside.substr(0, 2) == "\\u";
    out += '\'';
    out += harmless ? inside : "…";
    if (close == std::string_view::npos) break;
    out += '\'';
    description.remove_prefix(close + 1);
  }
  return out;
}

// An unquoted text reads as the beginning of a number, a boolean or nothing at all.
bool was_a_value(std::string_view description) {
  for (const std::string_view kind : {"value:", "floating-point:", "boolean:", "decimal integer:"}) {
    if (description.find(std::string("Error while parsing ") + std::string(kind)) == 0) return true;
  }
  return false;
}

SyntaxFault fault_of(const toml::parse_error& error) {
  std::string message = "not TOML: " + without_values(error.description());
  if (was_a_value(error.description())) message += R"(; a text needs quotes: key = "text")";
  return {error.source().begin.line, std::move(message)};
}

Node convert(const toml::node& from);

void convert_table(const toml::table& from, Node& out) {
  out.kind = Node::Kind::table;
  for (const auto& [key, value] : from) {
    out.members.emplace_back(std::string(key.str()), convert(value));
    if (key.source().begin.line != 0) out.members.back().second.line = key.source().begin.line;
  }
  std::stable_sort(out.members.begin(), out.members.end(),
                   [](const auto& a, const auto& b) { return a.second.line < b.second.line; });
}

// Recurses at most kNestingMax * kKeyPartsMax deep: DepthScan has seen to it.
Node convert(const toml::node& from) {
  Node out;
  out.line = from.source().begin.line;
  if (const auto* table = from.as_table()) {
    convert_table(*table, out);
  } else if (const auto* array = from.as_array()) {
    out.kind = Node::Kind::array;
    out.items.reserve(array->size());
    for (const auto& item : *array) out.items.push_back(convert(item));
  } else if (const auto* text = from.as_string()) {
    out.kind = Node::Kind::string;
    out.text = text->get();
  } else if (const auto* integer = from.as_integer()) {
    out.kind = Node::Kind::integer;
    out.integer = integer->get();
  } else if (const auto* truth = from.as_boolean()) {
    out.kind = Node::Kind::boolean;
    out.truth = truth->get();
  } else {
    out.kind = from.is_floating_point() ? Node::Kind::real : Node::Kind::date;
  }
  return out;
}

}  // namespace

Result<Node, SyntaxFault> read_toml(std::string_view text) {
  if (text.size() > kFileBytesMax) {
    return tl::unexpected<SyntaxFault>(
        SyntaxFault{0, "is larger than 1 MiB; a configuration file is at most 1 MiB"});
  }
  if (auto fault = DepthScan(text).run()) return tl::unexpected<SyntaxFault>(std::move(*fault));
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) return tl::unexpected<SyntaxFault>(fault_of(parsed.error()));
  Node root;
  convert_table(parsed.table(), root);
  return root;
}

}  // namespace carillon::config
