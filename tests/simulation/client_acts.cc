// What clients do of their own accord, by kind.
#include <utility>

#include "client.h"

namespace carillon::simulation {

void SimulatedClient::act() {
  if (phase_ == Phase::gone || wire_.has_vanished()) return;
  Dice& dice = host_.dice();
  if (!request_.unsent.empty() && kind_ != Kind::silent) {
    request_.earliest = applied();
    return wire_.send(std::exchange(request_.unsent, {}));
  }
  switch (kind_) {
    case Kind::well_behaved:
      if (profile_ == Profile::service) act_as_service();
      return;
    case Kind::slow:
      // Its replies wait for it, and fill its outbox.
      for (std::uint32_t i = dice.below(40); i > 0 && profile_ == Profile::service; --i) act_as_service();
      read(dice.below(2000));
      return on_changed();
    case Kind::silent:
      return;
    case Kind::abusive:
      return misbehave();
    case Kind::reconnecting:
      if (profile_ == Profile::service && dice.chance(50)) act_as_service();
      if (dice.chance(40)) leave();
      return;
    case Kind::half_open:
      if (profile_ == Profile::service && dice.chance(50)) act_as_service();
      if (dice.chance(30)) {
        wire_.vanish();
      } else {
        read(static_cast<std::size_t>(-1));
        on_changed();
      }
      return;
  }
}

void SimulatedClient::act_as_service() {
  if (phase_ != Phase::open || sent_close_) return;
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
    default: {
      const bool permitted = !node_.limits_channels || (channel != "c4" && channel != "c5");
      expected_.expect(permitted ? Reply::subscribed : Reply::refused, channel, applied());
      return wire_.send_frame(1, R"({"type":"subscribe","data":{"channel":")" + channel + "\"}}");
    }
  }
}

void SimulatedClient::publish_message() {
  const std::uint32_t serial = host_.next_serial("service.channel.conversation:1");
  expected_.expect_publish();
  wire_.send_frame(1, R"({"type":"chat_message","data":{"conversation_id":"1","content":"#)" +
                          std::to_string(serial) + "\"}}");
}

void SimulatedClient::misbehave() {
  Dice& dice = host_.dice();
  misbehaved_ = true;
  std::string bytes;
  switch (dice.below(8)) {
    case 0:
      for (std::uint32_t i = dice.below(200); i > 0; --i) bytes += static_cast<char>(dice.next());
      return wire_.send(bytes);
    case 1:
      return wire_.send_frame(1, "\xff\xfe");
    case 2:
      for (int i = 0; i < 300; ++i) wire_.send_frame(9, "ping");
      return;
    case 3:
      return wire_.send_frame(1, std::string(1000 + dice.below(70'000), 'x'));
    case 4:
      for (int i = 0; i < 40; ++i) wire_.send_frame(1, "{}");
      return;
    case 5:
      return wire_.send_frame(8, std::string("\x03\xe8 bye", 6));
    case 6:
      return wire_.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    default:
      if (profile_ == Profile::service) {
        for (std::uint32_t i = dice.below(60); i > 0; --i) act_as_service();
      }
      return;
  }
}

void SimulatedClient::leave() {
  if (phase_ == Phase::gone) return;
  if (wire_.has_vanished()) {
    phase_ = Phase::gone;
  } else if (phase_ == Phase::open && host_.dice().chance(40)) {
    sent_close_ = true;
    wire_.send_frame(8, std::string("\x03\xe8", 2));
  } else if (host_.dice().chance(50)) {
    wire_.end();
  } else {
    wire_.reset();
    phase_ = Phase::gone;
  }
}

void SimulatedClient::calm_down() {
  if (phase_ == Phase::gone || wire_.has_vanished()) return;
  calm_ = true;
  wire_.socket().buffer_max = 1 << 24;
  wire_.socket().read_bytes_max = 1 << 20;
  read(static_cast<std::size_t>(-1));
  on_changed();
}

}  // namespace carillon::simulation
