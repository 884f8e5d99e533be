#include "http/response.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "http/characters.h"

namespace carillon::http {
namespace {

constexpr std::array<std::pair<int, std::string_view>, 39> kReasons = {{
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
}};

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_byte);
}
bool is_value(std::string_view text) { return std::all_of(text.begin(), text.end(), is_value_byte); }

void append_header(std::string& out, std::string_view name, std::string_view value) {
  if (!is_token(name) || !is_value(value)) return;
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

// json/ is this folder's equal, so the one string that we write is escaped here.
void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const bool is_utf8 = is_valid_utf8(text);
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 0xF];
    } else {
      out += byte >= 0x80 && !is_utf8 ? '?' : c;
    }
  }
  out += '"';
}

// Statuses whose responses have no body and no length (RFC 9110 section 8.6).
bool is_bodiless(int status) { return status < 200 || status == 204 || status == 304; }

bool is_added_by_us(std::string_view name) {
  return equal_ignoring_case(name, "Content-Length") || equal_ignoring_case(name, "Connection") ||
         equal_ignoring_case(name, "Content-Type") || equal_ignoring_case(name, "Transfer-Encoding") ||
         equal_ignoring_case(name, "Date");
}

// Appends the status line and the response's own headers; returns whether Upgrade is one of them.
bool append_head_begin(std::string& out, const Response& response, std::string_view date) {
  out += "HTTP/1.1 ";
  out += std::to_string(std::clamp(response.status, 100, 599));
  out += ' ';
  out += reason_phrase(response.status);
  out += "\r\n";
  if (response.status >= 200 && !date.empty()) append_header(out, "Date", date);
  bool upgrades = false;
  for (const auto& [name, value] : response.headers) {
    if (is_added_by_us(name)) continue;
    upgrades = upgrades || equal_ignoring_case(name, "Upgrade");
    append_header(out, name, value);
  }
  return upgrades;
}

}  // namespace

std::string_view reason_phrase(int status) {
  for (const auto& [known, phrase] : kReasons) {
    if (known == status) return phrase;
  }
  return "Unknown";
}

void append_response(std::string& out, const Response& response, std::string_view date, BodyOut body) {
  const bool upgrades = append_head_begin(out, response, date);
  const bool bodiless = is_bodiless(response.status);
  if (!bodiless) {
    if (!response.body.empty()) append_header(out, "Content-Type", response.content_type);
    append_header(out, "Content-Length", std::to_string(response.body.size()));
  }
  const bool closes = response.keep_alive == KeepAlive::close;
  if (upgrades) {
    append_header(out, "Connection", closes ? "Upgrade, close" : "Upgrade");
  } else {
    append_header(out, "Connection", closes ? "close" : "keep-alive");
  }
  out += "\r\n";
  if (!bodiless && body == BodyOut::send) out += response.body;
}

void append_stream_head(std::string& out, const Response& response, std::string_view date) {
  append_head_begin(out, response, date);
  append_header(out, "Content-Type", response.content_type);
  append_header(out, "Connection", "close");
  out += "\r\n";
}

Response error_response(int status, std::string_view message) {
  Response response;
  response.status = status;
  response.body = "{\"message\":";
  append_json_string(response.body, message);
  response.body += '}';
  response.keep_alive = KeepAlive::close;
  return response;
}

Response error_response(const Fault& fault) { return error_response(fault.status, fault.reason); }

std::vector<std::pair<std::string, std::string>> upgrade_refusal_headers(UpgradeFault fault) {
  const int status = status_of(fault);
  if (status == 405) return {{"Allow", "GET"}};
  std::vector<std::pair<std::string, std::string>> headers = {{"Sec-WebSocket-Version", "13"}};
  if (status == 426) headers.emplace_back("Upgrade", "websocket");
  return headers;
}

Response upgrade_refusal(UpgradeFault fault) {
  Response response = error_response(status_of(fault), describe(fault));
  response.headers = upgrade_refusal_headers(fault);
  return response;
}

void append_switching_protocols(std::string& out, std::string_view accept_key, std::string_view extensions,
                                std::string_view subprotocol) {
  out += "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  append_header(out, "Sec-WebSocket-Accept", accept_key);
  if (!extensions.empty()) append_header(out, "Sec-WebSocket-Extensions", extensions);
  if (!subprotocol.empty()) append_header(out, "Sec-WebSocket-Protocol", subprotocol);
  out += "\r\n";
}

std::string_view continue_response() { return "HTTP/1.1 100 Continue\r\n\r\n"; }

}  // namespace carillon::http
