// Sec-WebSocket-Extensions: the grammar of RFC 6455 section 9.1, and the choice of RFC 7692 section 5; and
// Sec-WebSocket-Protocol.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "websocket/handshake.h"

namespace carillon::websocket {
namespace {

constexpr std::string_view kAnswer =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
// Section 7.1.2.1: an offer that limits our window requires the limit in the response.
constexpr std::string_view kAnswerWithWindow =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=15";

struct Parameter {
  std::string_view name;
  std::optional<std::string> value;
};

struct Offer {
  std::string_view extension;
  std::array<Parameter, kExtensionParametersMax> parameters;
  std::size_t parameter_count = 0;
};

bool is_token_character(char c) {  // RFC 7230 section 3.2.6
  if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

class OfferList {
 public:
  explicit OfferList(std::string_view text) : rest_(text) {}

  // The list's empty elements are nothing (RFC 7230 section 7).
  void skip_empty_elements() {
    do skip_blanks();
    while (take(','));
  }
  bool at_end() const { return rest_.empty(); }

  // One element up to its comma. False: not the grammar, or too long.
  bool read(Offer& offer) {
    offer.parameter_count = 0;
    if (!read_token(offer.extension)) return false;
    for (skip_blanks(); take(';'); skip_blanks()) {
      if (offer.parameter_count == kExtensionParametersMax) return false;
      skip_blanks();
      if (!read_parameter(offer.parameters[offer.parameter_count++])) return false;
    }
    return at_end() || take(',');
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t')) rest_.remove_prefix(1);
  }

  bool take(char wanted) {
    if (rest_.empty() || rest_[0] != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool read_token(std::string_view& token) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_token_character);
    token = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(token.size());
    return !token.empty();
  }

  bool read_parameter(Parameter& parameter) {
    parameter.value.reset();
    if (!read_token(parameter.name)) return false;
    skip_blanks();
    if (!take('=')) return true;
    skip_blanks();
    if (take('"')) return read_quoted(parameter.value.emplace());
    std::string_view token;
    if (!read_token(token)) return false;
    parameter.value.emplace(token);
    return true;
  }

  // Section 9.1: what is quoted must be a token once it is unescaped.
  bool read_quoted(std::string& value) {
    while (!take('"')) {
      take('\\');
      if (rest_.empty() || !is_token_character(rest_[0])) return false;
      value.push_back(rest_[0]);
      rest_.remove_prefix(1);
    }
    return !value.empty();
  }

  std::string_view rest_;
};

// 8 to 15, without leading zeros (RFC 7692 section 7.1.2); nothing: no such number.
std::optional<int> window_bits(std::string_view text) {
  if (text.size() == 1 && (text[0] == '8' || text[0] == '9')) return text[0] - '0';
  if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5') return 10 + text[1] - '0';
  return std::nullopt;
}

enum class Verdict { take, take_with_window, decline };

// Section 7.1: the offer is declined for any parameter that is unknown, repeated or has a bad value.
Verdict judge(const Offer& offer) {
  if (offer.extension != "permessage-deflate") return Verdict::decline;
  Verdict verdict = Verdict::take;
  for (std::size_t i = 0; i < offer.parameter_count; ++i) {
    const auto& [name, value] = offer.parameters[i];
    for (std::size_t j = 0; j < i; ++j) {
      if (offer.parameters[j].name == name) return Verdict::decline;
    }
    if (name == "server_no_context_takeover" || name == "client_no_context_takeover") {
      if (value) return Verdict::decline;
    } else if (name == "client_max_window_bits") {
      if (value && !window_bits(*value)) return Verdict::decline;
    } else if (name == "server_max_window_bits") {
      if (!value || window_bits(*value) != 15) return Verdict::decline;
      verdict = Verdict::take_with_window;
    } else {
      return Verdict::decline;
    }
  }
  return verdict;
}

}  // namespace

ExtensionAnswer negotiate(std::string_view offers) {
  constexpr ExtensionAnswer kMalformed{ExtensionAnswer::Kind::malformed, {}};
  ExtensionAnswer answer;
  OfferList list(offers);
  Offer offer;
  std::size_t count = 0;
  for (list.skip_empty_elements(); !list.at_end(); list.skip_empty_elements()) {
    if (++count > kExtensionOffersMax || !list.read(offer)) return kMalformed;
    if (answer.kind == ExtensionAnswer::Kind::deflate) continue;  // taken; the rest need only be well-formed
    const Verdict verdict = judge(offer);
    if (verdict == Verdict::decline) continue;
    answer = {ExtensionAnswer::Kind::deflate, verdict == Verdict::take ? kAnswer : kAnswerWithWindow};
  }
  return answer;
}

std::string_view choose_subprotocol(std::string_view offers, std::span<const std::string> spoken) {
  for (std::size_t count = 0; count < kSubprotocolOffersMax && !offers.empty(); ++count) {
    const std::size_t comma = std::min(offers.find(','), offers.size());
    std::string_view offer = offers.substr(0, comma);
    offers.remove_prefix(std::min(comma + 1, offers.size()));
    const std::size_t first = offer.find_first_not_of(" \t");
    if (first == std::string_view::npos) continue;
    offer = offer.substr(first, offer.find_last_not_of(" \t") - first + 1);
    const auto found = std::find(spoken.begin(), spoken.end(), offer);
    if (found != spoken.end()) return *found;
  }
  return {};
}

}  // namespace carillon::websocket
