#include "app/command/client_command.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "json/writer.h"

namespace carillon::app {
namespace {

// A JSON document that is put together by pointers: a value as text, or an object.
struct Draft {
  std::string raw;  // empty: an object
  std::vector<std::string> names;
  std::vector<Draft> members;  // by name

  Draft& member(const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) return members[static_cast<std::size_t>(found - names.begin())];
    names.push_back(name);
    return members.emplace_back();
  }
  std::string text() const {
    if (!raw.empty()) return raw;
    std::string out;
    json::ObjectWriter writer(out);
    for (std::size_t i = 0; i < names.size(); ++i) writer.raw_member(names[i], members[i].text());
    writer.close();
    return out;
  }
};

// A reference token without its escapes: ~0 and ~1 (RFC 6901 section 3).
std::string unescaped(std::string_view token) {
  std::string name;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool is_escape = token[i] == '~' && i + 1 < token.size();
    if (is_escape) ++i;
    name += !is_escape ? token[i] : token[i] == '1' ? '/' : '~';
  }
  return name;
}

// Puts a value where an RFC 6901 pointer points, in objects that are made on the way.
void put(Draft& root, std::string_view pointer, std::string raw) {
  Draft* at = &root;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    at = &at->member(unescaped(pointer.substr(0, end)));
    pointer.remove_prefix(end);
  }
  if (at != &root) at->raw = std::move(raw);
}

std::string json_text(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

// Empty for an object, which a Draft is without a value.
std::string example_of(config::Requirement::Type type) {
  using Type = config::Requirement::Type;
  switch (type) {
    case Type::object:
      return {};
    case Type::array:
      return "[]";
    case Type::string:
      return "\"\"";
    case Type::number:
      return "0";
    case Type::boolean:
      return "true";
    case Type::any:
    case Type::null:
      break;
  }
  return "null";
}

}  // namespace

std::string subscribe_command(const config::CommandSettings& commands, const std::string& channel) {
  Draft message;
  for (const config::Requirement& each : commands.require) {
    if (each.presence == config::Requirement::Presence::required) {
      put(message, each.pointer, example_of(each.type));
    }
  }
  const config::JsonWord& is = commands.subscribe.is;
  put(message, commands.name, is.kind == config::JsonWord::Kind::string ? json_text(is.text) : is.text);
  const std::string name = json_text(channel);
  const bool is_array = commands.channel_form == config::ChannelForm::array;
  put(message, commands.subscribe.channel, is_array ? "[" + name + "]" : name);
  return message.text();
}

}  // namespace carillon::app
