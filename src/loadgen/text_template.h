#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace carillon::loadgen {

// TextTemplate: a text with a few `$names` in it, cut into pieces once and filled in often. `$$` is a `$`.
//
// Pure. Thread: any. A `$` that begins no known name is left as it stands, for texts of other protocols.
class TextTemplate {
 public:
  TextTemplate() = default;
  // Of two names that both fit the longer one counts. Names come without the `$`.
  TextTemplate(std::string_view text, std::span<const std::string_view> names);

  // values[i] stands for names[i].
  void append(std::string& out, std::span<const std::string_view> values) const;
  bool uses(std::size_t name) const;
  // Bytes of the text itself, without what is filled in.
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

// The body of event n, exactly so many bytes long where the template leaves room: `$n` is the number, `$pad`
// what makes it long enough.
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
