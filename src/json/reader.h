// Reads JSON whose content matters to us: commands, claims, API bodies, template pointers.
//
// parse() validates the text once (validate.h). A Value is then a 24-byte view of one value in that text,
// found by scanning; there is no tree. raw() returns the bytes as they were written.
//
// Thread: any; immutable. Lifetime: a Value, its names and raw views are valid as long as the parsed text.
// Limits: nesting, bytes, and, if duplicates are refused, the number of members of all objects together.
// Errors: nothing here throws. Reading a Value as another type returns nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/validate.h"

namespace carillon::json {

// The type of a JSON value.
enum class Type : std::uint8_t { null, boolean, number, string, array, object };
std::string_view name_of(Type type);  // "null", "boolean", …: for messages

// Why a value cannot be read as a number of the requested type.
enum class NumberFault : std::uint8_t { not_a_number, not_an_integer, out_of_range };

// Why a value cannot be read as a string.
enum class StringFault : std::uint8_t { not_a_string, lone_surrogate };

class Members;
class Elements;

// A JSON value: a view of validated text.
class Value {
 public:
  Value() : Value("null") {}
  // `valid_json` must be one valid JSON value; raw() omits white space around it. Use parse() for text that
  // has not passed validate().
  static Value of_valid(std::string_view valid_json);

  Type type() const {
    switch (raw_.front()) {
      case 'n':
        return Type::null;
      case 't':
      case 'f':
        return Type::boolean;
      case '"':
        return Type::string;
      case '[':
        return Type::array;
      case '{':
        return Type::object;
      default:
        return Type::number;
    }
  }
  bool is(Type type_wanted) const { return type() == type_wanted; }
  std::string_view raw() const { return raw_; }

  // `true` or `false`; nothing for any other type.
  std::optional<bool> boolean() const;
  // Returns the unescaped string as valid UTF-8. A lone surrogate is refused, because UTF-8 cannot represent
  // it.
  Result<std::string, StringFault> string() const;
  // Compares with a string value without allocating. Returns false for other types.
  bool equals(std::string_view text) const;
  // Exact: 3, 3.0 and 3e0 are integers, 3.5 is not, 2^63 is out of range, and so is 1e400.
  Result<std::int64_t, NumberFault> integer() const;
  // Returns the nearest double; out_of_range when it would be infinite.
  Result<double, NumberFault> number() const;

  // Returns the member of an object with this name; of several the last one, as JavaScript, Go and Python do.
  // Returns nothing for any other type. Names are compared unescaped.
  std::optional<Value> find(std::string_view name) const;
  // Returns an array's element, counted from 0. It scans from the front; iterate over elements() to read all.
  std::optional<Value> at(std::size_t index) const;

  // In the order in which they are written; empty when the value is not an object or array.
  Members members() const;
  Elements elements() const;

 private:
  explicit Value(std::string_view raw) : raw_(raw) {}
  friend class Members;
  friend class Elements;

  std::string_view raw_;
};

// One member of an object.
struct Member {
  std::string_view raw_name;  // as written, without the quotes, still escaped
  Value value;

  bool named(std::string_view name) const;
  Result<std::string, StringFault> name() const;
};

// for (json::Member member : value.members())
class Members {
 public:
  class Iterator {
   public:
    const Member& operator*() const { return member_; }
    const Member* operator->() const { return &member_; }
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return next_ == other.next_; }

   private:
    friend class Members;
    std::string_view text_;
    std::size_t next_ = std::string_view::npos;  // where the next member begins; npos: the end
    std::size_t after_ = 0;
    Member member_;
    void read();
  };
  Iterator begin() const;
  Iterator end() const { return {}; }

 private:
  friend class Value;
  explicit Members(std::string_view object) : object_(object) {}
  std::string_view object_;
};

// for (json::Value element : value.elements())
class Elements {
 public:
  class Iterator {
   public:
    const Value& operator*() const { return value_; }
    const Value* operator->() const { return &value_; }
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return next_ == other.next_; }

   private:
    friend class Elements;
    std::string_view text_;
    std::size_t next_ = std::string_view::npos;
    std::size_t after_ = 0;
    Value value_;
    void read();
  };
  Iterator begin() const;
  Iterator end() const { return {}; }

 private:
  friend class Value;
  explicit Elements(std::string_view array) : array_(array) {}
  std::string_view array_;
};

// Whether an object may have two members of the same name.
enum class Duplicates : std::uint8_t { refuse, allow };

// Limits and rules of parsing.
struct ParseOptions {
  Duplicates duplicates = Duplicates::refuse;  // two members of one object with the same name
  unsigned depth_max = kDepthDefault;
  std::size_t bytes_max = 16 * 1024 * 1024;
  std::size_t members_max = 65536;  // of all objects together; only where duplicates are refused
};

// Why a text is refused.
enum class ParseFault : std::uint8_t { invalid, too_long, duplicate_member, too_many_members };

// Why and where a text is refused.
struct ParseError {
  ParseFault fault = ParseFault::invalid;
  Validity validity = Validity::valid;  // what is wrong with the grammar, where `fault` is `invalid`
  std::size_t offset = 0;

  std::string message() const;  // "at byte 12: a number must not begin with 0"
};

// The text must outlive the value.
Result<Value, ParseError> parse(std::string_view text, ParseOptions options = {});

}  // namespace carillon::json
