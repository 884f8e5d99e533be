#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace carillon::loadgen {

// TextTemplate: a text with `$names` in it, parsed once and filled in often. `$$` is a `$`.
//
// Pure. Thread: any. A `$` that begins no known name is left unchanged, for texts of other protocols.
class TextTemplate {
 public:
  TextTemplate() = default;
  // When two names match, the longer one is used. Names are given without the `$`.
  TextTemplate(std::string_view text, std::span<const std::string_view> names);

  // Replaces names[i] with values[i].
  void append(std::string& out, std::span<const std::string_view> values) const;
  bool uses(std::size_t name) const;
  // The bytes of the text without the values.
  std::size_t own_bytes() const;

 private:
  struct Piece {
    std::string text;
    std::size_t name = kNone;  // what follows the text
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::vector<Piece> pieces_;
};

// A text with `$i`, the client's number.
class ClientTemplate {
 public:
  ClientTemplate() = default;
  explicit ClientTemplate(std::string_view text);
  std::string of(std::uint64_t client) const;
  bool differs() const { return template_.uses(0); }  // from client to client

 private:
  TextTemplate template_;
};

// The body of event n, padded to an exact length if the template is short enough: `$n` is the number, `$pad`
// is the padding.
class EventBody {
 public:
  static constexpr std::string_view kDefault = R"({"n":$n,"pad":"$pad"})";

  EventBody(std::string_view text, std::size_t bytes);
  void append(std::string& out, std::uint64_t n) const;

 private:
  TextTemplate template_;
  std::string padding_;
  std::size_t bytes_;
};

}  // namespace carillon::loadgen
