#include "auth/compact_jws.h"

#include "auth/base64url.h"
#include "auth/claims.h"
#include "json/reader.h"

namespace carillon::auth {

bool CompactJws::take_apart(std::string_view token) {
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return false;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos) return false;
  signing_input = token.substr(0, second);
  // A third dot is no letter of base64url, and so is refused with the last part.
  return decode_base64url(token.substr(0, first), header) &&
         decode_base64url(token.substr(first + 1, second - first - 1), payload) &&
         decode_base64url(token.substr(second + 1), signature);
}

Result<JoseHeader, TokenFault> parse_header(std::string_view header) {
  const auto malformed = tl::unexpected(TokenFault::malformed);
  const auto object = json::parse(header, {.duplicates = json::Duplicates::refuse,
                                           .depth_max = kTokenDepthMax,
                                           .bytes_max = header.size(),
                                           .members_max = kTokenMembersMax});
  if (!object || !object->is(json::Type::object)) return malformed;
  JoseHeader result;
  for (const json::Member& member : object->members()) {
    if (member.named("alg")) {
      auto name = member.value.string();
      if (!name || name->empty()) return malformed;
      result.algorithm = std::move(*name);
    } else if (member.named("kid")) {
      auto key_id = member.value.string();
      if (!key_id || key_id->size() > kKeyIdBytesMax) return malformed;
      result.key_id = std::move(*key_id);
    } else if (member.named("crit")) {
      result.critical = JoseHeader::Critical::present;
    }
  }
  if (result.algorithm.empty()) return malformed;
  return result;
}

}  // namespace carillon::auth
