#include "json/writer.h"

#include <array>
#include <charconv>
#include <cmath>

#include "json/scan.h"

namespace carillon::json {
namespace {

constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t i = 0x20; i < 0x80; ++i) plain[i] = i != '"' && i != '\\';
  return plain;
}();

void append_escape(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 0xF];
  }
}

template <class T>
void append_number(std::string& out, T value) {
  std::array<char, 40> digits;  // a double's shortest form has at most 24, a 64-bit integer 20
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), result.ptr);
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t written = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (kPlain[byte]) {
      ++at;
      continue;
    }
    const int length = byte < 0x80 ? 0 : scan::utf8_sequence(text, at);
    if (length > 0) {
      at += static_cast<std::size_t>(length);
      continue;
    }
    out.append(text, written, at - written);
    if (length == 0) {
      append_escape(out, text[at]);
      ++at;
    } else {
      out += "\xEF\xBF\xBD";
      at += static_cast<std::size_t>(-length);
    }
    written = at;
  }
  out.append(text, written, at - written);
  out += '"';
}

void append_integer(std::string& out, std::int64_t value) { append_number(out, value); }
void append_unsigned(std::string& out, std::uint64_t value) { append_number(out, value); }

void append_double(std::string& out, double value) {
  if (std::isfinite(value)) {
    append_number(out, value);
  } else {
    out += "null";
  }
}

void ObjectWriter::begin(std::string_view name) {
  if (separator_ != 0) *out_ += separator_;
  separator_ = ',';
  append_string(*out_, name);
  *out_ += ':';
}

ObjectWriter& ObjectWriter::raw_member(std::string_view name, std::string_view valid_json) {
  begin(name);
  *out_ += valid_json;
  return *this;
}

ObjectWriter ObjectWriter::object(std::string_view name) {
  begin(name);
  return ObjectWriter(*out_);
}

ArrayWriter ObjectWriter::array(std::string_view name) {
  begin(name);
  return ArrayWriter(*out_);
}

void ObjectWriter::close() {
  if (out_ != nullptr) *out_ += '}';
  out_ = nullptr;
}

void ArrayWriter::begin() {
  if (separator_ != 0) *out_ += separator_;
  separator_ = ',';
}

ArrayWriter& ArrayWriter::raw_element(std::string_view valid_json) {
  begin();
  *out_ += valid_json;
  return *this;
}

ObjectWriter ArrayWriter::object() {
  begin();
  return ObjectWriter(*out_);
}

ArrayWriter ArrayWriter::array() {
  begin();
  return ArrayWriter(*out_);
}

void ArrayWriter::close() {
  if (out_ != nullptr) *out_ += ']';
  out_ = nullptr;
}

}  // namespace carillon::json
