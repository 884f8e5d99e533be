#include "resume/protocols.h"

#include <algorithm>
#include <charconv>

namespace carillon::bench {
namespace {

using Answer = Understood::Answer;

constexpr std::string_view kNumber = R"("n":)";

// The text between `name` and the next `end`, searched from the front; empty when it is not there.
std::string_view field(std::string_view text, std::string_view name, char end) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + name.size());
  return rest.substr(0, std::min(rest.find(end), rest.size()));
}

// Adds the number of each event, whose data begins with it.
void add_numbers(std::string_view text, std::vector<std::uint64_t>& numbers) {
  for (std::size_t at = text.find(kNumber); at != std::string_view::npos; at = text.find(kNumber, at)) {
    at += kNumber.size();
    std::uint64_t number = 0;
    std::from_chars(text.data() + at, text.data() + text.size(), number);
    numbers.push_back(number);
  }
}

Answer answer_of(std::string_view answer) {
  return answer.find(R"("recovered":true)") != std::string_view::npos ? Answer::recovered
                                                                      : Answer::subscribed;
}

// docs/protocols/carillon.md: an event is the only message without a type.
class Carillon final : public Protocol {
 public:
  std::string opening(std::string_view channel, std::string_view position) const override {
    std::string text = R"({"type":"subscribe","channel":")";
    text.append(channel) += '"';
    if (!position.empty()) text.append(R"(,"position":")").append(position) += '"';
    return text += '}';
  }

  void read(std::string_view message, std::string& position, Understood& understood) const override {
    if (message.starts_with(R"({"type":"subscribed")")) {
      understood.answer = answer_of(message);
      return;
    }
    if (message.starts_with(R"({"type":"error")")) understood.answer = Answer::refused;
    if (message.starts_with(R"({"type":)")) return;
    add_numbers(message, understood.numbers);
    const std::size_t at = message.rfind(kPosition);
    if (at != std::string_view::npos) position = field(message.substr(at), kPosition, '"');
  }

 private:
  static constexpr std::string_view kPosition = R"("position":")";
};

// The JSON protocol of Centrifugo's bidirectional WebSocket. Commands and replies that travel together are
// lines of one message, an empty object is a ping, and missed events are in the reply to `subscribe`. A
// position is the stream's epoch and the offset in it, here with a space between them.
class Centrifugo final : public Protocol {
 public:
  std::string opening(std::string_view channel, std::string_view position) const override {
    std::string text = R"({"id":1,"connect":{}})"
                       "\n"
                       R"({"id":2,"subscribe":{"channel":")";
    text.append(channel) += '"';
    if (const std::size_t space = position.find(' '); space != std::string_view::npos) {
      text.append(R"(,"recover":true,"epoch":")").append(position.substr(0, space));
      text.append(R"(","offset":)").append(position.substr(space + 1));
    }
    return text += "}}";
  }

  void read(std::string_view message, std::string& position, Understood& understood) const override {
    while (!message.empty()) {
      const std::size_t end = std::min(message.find('\n'), message.size());
      read_line(message.substr(0, end), position, understood);
      message.remove_prefix(std::min(end + 1, message.size()));
    }
  }

 private:
  static constexpr std::string_view kOffset = R"("offset":)";

  static void read_line(std::string_view line, std::string& position, Understood& understood) {
    if (line == "{}") {
      understood.reply = line;
      return;
    }
    if (line.starts_with(R"({"id":2,)")) {
      read_answer(line, position, understood);
    } else if (!line.starts_with(R"({"push":)")) {
      if (line.find(R"("error":)") != std::string_view::npos) understood.answer = Answer::refused;
      return;
    }
    add_numbers(line, understood.numbers);
    const std::size_t at = line.rfind(kOffset);
    if (at == std::string_view::npos) return;
    const std::string_view digits = line.substr(at + kOffset.size());
    position.erase(position.find(' ') + 1);
    position.append(digits.substr(0, digits.find_first_not_of("0123456789")));
  }

  static void read_answer(std::string_view line, std::string& position, Understood& understood) {
    if (!line.starts_with(R"({"id":2,"subscribe":)")) {
      understood.answer = Answer::refused;
      return;
    }
    const std::size_t events = std::min(line.find(R"("publications":)"), line.size());
    const std::string_view head = line.substr(0, events);
    // The members behind the events do not follow their order, and none of the events contains such a name.
    understood.answer = answer_of(line);
    position = std::string(field(head, R"("epoch":")", '"')) + " 0";
  }
};

}  // namespace

std::unique_ptr<Protocol> Protocol::named(std::string_view name) {
  if (name == "carillon") return std::make_unique<Carillon>();
  if (name == "centrifugo") return std::make_unique<Centrifugo>();
  return nullptr;
}

}  // namespace carillon::bench
