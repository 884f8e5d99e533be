// The protocols in which a client subscribes to one channel, names the last event that it has, and receives
// what it missed.
//
// Pure. Thread: any. Nothing here checks more of a message than a client needs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace carillon::bench {

// What a text message means to a client. `numbers` has those of its events, in order.
struct Understood {
  enum class Answer : std::uint8_t { none, subscribed, recovered, refused };
  Answer answer = Answer::none;
  std::vector<std::uint64_t> numbers;
  std::string reply;  // what the client must send back; empty: nothing
};

class Protocol {
 public:
  virtual ~Protocol() = default;
  // Returns "carillon" or "centrifugo", and null for any other name.
  static std::unique_ptr<Protocol> named(std::string_view name);

  // The text message with which a client begins. An empty position: it has no event yet.
  virtual std::string opening(std::string_view channel, std::string_view position) const = 0;
  // Reads a message, and moves `position` to the last event in it.
  virtual void read(std::string_view message, std::string& position, Understood& understood) const = 0;
};

}  // namespace carillon::bench
