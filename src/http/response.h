#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/request_head.h"

namespace carillon::http {

// Why a request was refused, for the log. It is never sent and contains no secrets.
struct RefusalNote {
  std::string_view reason;  // a literal: the `reason` of the metric that counts it
  std::string detail;       // may be empty
};

// Response: an HTTP response, and its bytes (RFC 9112 section 4).
//
// Thread: any; pure. A header whose name is not a token or whose value contains CR, LF, NUL or another
// control character is omitted, so that no input can split a response.
struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // in addition to those added below
  std::string body;
  std::string content_type = "application/json";  // used when there is a body
  KeepAlive keep_alive = KeepAlive::keep;
  std::optional<RefusalNote> refusal = std::nullopt;
};

// Whether a response is sent with its body.
enum class BodyOut : std::uint8_t { send, omit };  // omit: the response to a HEAD

// Appends status line, headers and body; adds Date, Content-Length, Content-Type and Connection itself
// (`Connection: Upgrade, close` together with an Upgrade header, as RFC 9110 section 7.8 requires). `date` is
// what DateClock shows; statuses below 200 carry none.
void append_response(std::string& out, const Response& response, std::string_view date,
                     BodyOut body = BodyOut::send);

// Appends the head of a response whose body ends with the connection, so that its length need not be known
// (RFC 9112 section 6.3): without Content-Length, and with `Connection: close`. The body follows elsewhere.
void append_stream_head(std::string& out, const Response& response, std::string_view date);

// Makes the response {"message":"…"}, which closes the connection. The message may contain anything.
Response error_response(int status, std::string_view message);
Response error_response(const Fault& fault);
// Makes the response to a fault: 426 and 400 have Sec-WebSocket-Version: 13, 426 also Upgrade: websocket, and
// 405 has Allow: GET.
Response upgrade_refusal(UpgradeFault fault);
// Returns its headers only, for a profile that has its own body.
std::vector<std::pair<std::string, std::string>> upgrade_refusal_headers(UpgradeFault fault);

// Makes the 101 of RFC 6455 section 4.2.2. A header whose value is empty is omitted.
void append_switching_protocols(std::string& out, std::string_view accept_key,
                                std::string_view extensions = {}, std::string_view subprotocol = {});

// Returns "HTTP/1.1 100 Continue\r\n\r\n", for a head with expects_continue whose body is accepted.
std::string_view continue_response();

std::string_view reason_phrase(int status);  // "Not Found"; "Unknown" for a status that we do not use

}  // namespace carillon::http
