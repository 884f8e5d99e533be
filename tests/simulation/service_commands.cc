#include "service_commands.h"

#include <utility>

namespace carillon::simulation {

void ServiceCommands::send_one() {
  Dice& dice = host_.dice();
  static constexpr std::string_view kChannels[] = {"c0", "c1", "c2", "c3", "c4", "c5", "conversation:1"};
  const std::string channel(kChannels[dice.below(std::size(kChannels))]);
  using Reply = Expectations::Reply;
  switch (dice.below(8)) {
    case 0:
      expected_.expect(Reply::unsubscribed, channel, 0);
      return wire_.send_frame(1, R"({"type":"unsubscribe","data":{"channel":")" + channel + "\"}}");
    case 1:
      expected_.expect(Reply::pong, {}, 0);
      return wire_.send_frame(1, R"({"type":"ping","data":{}})");
    case 2:
    case 3:
      return publish_message();
    default:
      return subscribe(channel);
  }
}

void ServiceCommands::come_back(const Expectations::Positions& positions) {
  if (!expected_.has_positions()) return;
  for (const auto& [channel, position] : positions) ask_for_past(channel, position);
}

void ServiceCommands::subscribe(const std::string& channel) {
  const bool permitted = node_.permits(channel);
  if (permitted && expected_.has_positions() && host_.dice().chance(45)) {
    const auto own = expected_.positions().find(channel);
    return ask_for_past(channel, own == expected_.positions().end() ? "" : own->second);
  }
  using Reply = Expectations::Reply;
  expected_.expect(permitted ? Reply::subscribed : Reply::refused, channel,
                   node_.applied_on(wire_.socket().shard));
  wire_.send_frame(1, R"({"type":"subscribe","data":{"channel":")" + channel + "\"}}");
}

// One such subscription to a channel at a time.
void ServiceCommands::ask_for_past(const std::string& channel, std::string_view position) {
  if (!node_.permits(channel) || expected_.has_asked(channel)) return;
  Dice& dice = host_.dice();
  Asked asked{Profile::service,
              channel,
              {},
              0,
              wire_.socket().shard,
              node_.feed->number_before(node_.applied_on(wire_.socket().shard)),
              host_.clock().now};
  std::string past;
  if (position.empty() ? dice.chance(50) : dice.chance(5)) {
    asked.last = dice.chance(20) ? 100'000 : dice.below(12);
    past = R"(,"last":)" + std::to_string(asked.last);
  } else {
    asked.position = some_position(dice, node_, position);
    past = R"(,"position":")" + asked.position + "\"";
  }
  expected_.ask(std::move(asked));
  wire_.send_frame(1, R"({"type":"subscribe","data":{"channel":")" + channel + "\"" + past + "}}");
}

void ServiceCommands::publish_message() {
  const std::uint32_t serial = host_.next_serial("service.channel.conversation:1");
  expected_.expect_publish();
  wire_.send_frame(1, R"({"type":"chat_message","data":{"conversation_id":"1","content":"#)" +
                          std::to_string(serial) + "\"}}");
}

}  // namespace carillon::simulation
