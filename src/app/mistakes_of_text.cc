#include "app/mistakes_of_text.h"

#include <string_view>

namespace carillon::app {
namespace {

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

}  // namespace

std::string MistakesOfText::reword(std::string message) const {
  if (message.starts_with(source_)) {
    for (std::size_t i = 0; i < profiles_.size(); ++i) reword_endpoint(message, i);
  }
  // The place of another endpoint, from behind: line 12 is not a part of line 120.
  for (std::size_t i = profiles_.size(); i-- > 0;) {
    replace_all(message, source_ + ":" + std::to_string(line_ + 2 * i), profiles_[i]);
  }
  return message;
}

void MistakesOfText::reword_endpoint(std::string& message, std::size_t number) const {
  const std::string key = ": endpoint[" + std::to_string(number) + "].";
  const std::size_t at = message.find(key);
  if (at == std::string::npos) return;
  const std::string rest = message.substr(at + key.size());
  constexpr std::string_view kProfile = "profile: ";  // the file itself cannot be used
  message = rest.starts_with(kProfile) ? profiles_[number] + ": " + rest.substr(kProfile.size())
                                       : profiles_[number] + ":1: " + rest;
}

}  // namespace carillon::app
