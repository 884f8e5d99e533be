// Writes JSON: strings are escaped, numbers are exact, and the output is always valid.
//
// Thread: any; each call only appends to its `out`. A writer must not outlive its `out`, and only the
// innermost open one of nested writers may be used.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace carillon::json {

// Appends a quoted and escaped string. Bytes that are not UTF-8 become U+FFFD, one for each maximal broken
// part.
void append_string(std::string& out, std::string_view text);
void append_integer(std::string& out, std::int64_t value);
void append_unsigned(std::string& out, std::uint64_t value);
// Appends the shortest text that reads back as the same number; infinity and NaN become null.
void append_double(std::string& out, double value);

template <class T>
void append_value(std::string& out, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::floating_point<T>) {
    append_double(out, value);
  } else if constexpr (std::signed_integral<T>) {
    append_integer(out, value);
  } else if constexpr (std::unsigned_integral<T>) {
    append_unsigned(out, value);
  } else {
    append_string(out, std::string_view(value));
  }
}

class ArrayWriter;

// ObjectWriter w(out); w.member("status", "ok").member("connections", 3); w.close();
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(&out) { out += '{'; }
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;
  ~ObjectWriter() { close(); }

  // Strings, numbers and bools.
  template <class T>
  ObjectWriter& member(std::string_view name, const T& value) {
    begin(name);
    append_value(*out_, value);
    return *this;
  }
  // Inserts `valid_json` byte for byte.
  ObjectWriter& raw_member(std::string_view name, std::string_view valid_json);
  // { auto bus = w.object("bus"); bus.member("state", "up"); }
  ObjectWriter object(std::string_view name);
  ArrayWriter array(std::string_view name);

  void close();  // once; the destructor does it too

 private:
  void begin(std::string_view name);
  std::string* out_;
  char separator_ = 0;
};

// Writes the elements of one array.
class ArrayWriter {
 public:
  explicit ArrayWriter(std::string& out) : out_(&out) { out += '['; }
  ArrayWriter(const ArrayWriter&) = delete;
  ArrayWriter& operator=(const ArrayWriter&) = delete;
  ~ArrayWriter() { close(); }

  template <class T>
  ArrayWriter& element(const T& value) {
    begin();
    append_value(*out_, value);
    return *this;
  }
  ArrayWriter& raw_element(std::string_view valid_json);
  ObjectWriter object();
  ArrayWriter array();

  void close();

 private:
  void begin();
  std::string* out_;
  char separator_ = 0;
};

}  // namespace carillon::json
