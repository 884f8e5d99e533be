// MistakesOfText: messages about a configuration that this program makes up for the profiles of a user, in
// terms of what the user has written: "carillon dev:13: endpoint[0].path: is missing" becomes
// "mine.toml:1: path: is missing".
//
// Immutable; thread: any.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace carillon::app {

class MistakesOfText {
 public:
  // `source`: the name of the text. `line`: of the first [[endpoint]] in it; each takes two lines, and they
  // come in the order of `profiles`, which outlive this object.
  MistakesOfText(std::string source, std::size_t line, const std::vector<std::string>& profiles)
      : source_(std::move(source)), line_(line), profiles_(profiles) {}

  // Returns the message in the user's terms.
  std::string reword(std::string message) const;

 private:
  void reword_endpoint(std::string& message, std::size_t number) const;

  const std::string source_;
  const std::size_t line_;
  const std::vector<std::string>& profiles_;
};

}  // namespace carillon::app
