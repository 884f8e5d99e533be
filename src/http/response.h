#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/request_head.h"

namespace carillon::http {

// Why a request was not served, for the log; never sent. Without secrets.
struct RefusalNote {
  std::string_view reason;  // a literal: the `reason` of the metric that counts it
  std::string detail;       // may be empty
};

// Response: what goes back, and its bytes (RFC 9112 section 4).
//
// Thread: any; pure. A header whose name is no token or whose value holds CR, LF, NUL or another
// control character is left out: nothing from outside can split a response.
struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // in addition to those added below
  std::string body;
  std::string content_type = "application/json";  // used when there is a body
  KeepAlive keep_alive = KeepAlive::keep;
  std::optional<RefusalNote> refusal = std::nullopt;
};

// Whether a response is sent with its body.
enum class BodyOut : std::uint8_t { send, omit };  // omit: the answer to a HEAD

// Appends status line, headers and body; adds Date, Content-Length, Content-Type and Connection itself
// (`Connection: Upgrade, close` together with an Upgrade header, as RFC 9110 section 7.8 requires). `date` is
// what DateClock shows; statuses below 200 carry none.
void append_response(std::string& out, const Response& response, std::string_view date,
                     BodyOut body = BodyOut::send);

// {"message":"…"}, closing the connection. The message may hold anything.
Response error_response(int status, std::string_view message);
Response error_response(const Fault& fault);
// The fault's status; 426 and 400 carry Sec-WebSocket-Version: 13, 426 also Upgrade: websocket, and
// 405 Allow: GET.
Response upgrade_refusal(UpgradeFault fault);
// The headers alone, for a profile that writes its own body.
std::vector<std::pair<std::string, std::string>> upgrade_refusal_headers(UpgradeFault fault);

// The 101 of RFC 6455 section 4.2.2. Empty `extensions` or `subprotocol`: that header is left out.
void append_switching_protocols(std::string& out, std::string_view accept_key,
                                std::string_view extensions = {}, std::string_view subprotocol = {});

// "HTTP/1.1 100 Continue\r\n\r\n": for a head with expects_continue whose body we want.
std::string_view continue_response();

std::string_view reason_phrase(int status);  // "Not Found"; "Unknown" for a status that we do not use

}  // namespace carillon::http
