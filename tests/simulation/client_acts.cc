// What clients do of their own accord, by kind.
#include <utility>

#include "client.h"
#include "service_commands.h"

namespace carillon::simulation {

void SimulatedClient::act() {
  if (phase_ == Phase::gone || wire_.has_vanished()) return;
  Dice& dice = host_.dice();
  if (!request_.unsent.empty() && kind_ != Kind::silent) return send_rest();
  const bool sends = profile() == Profile::service && phase_ == Phase::open && !done_.sent_close;
  ServiceCommands commands(host_, node_, wire_, expected_);
  switch (kind_) {
    case Kind::well_behaved:
      if (sends) commands.send_one();
      return;
    case Kind::slow:
      if (drip_.is_on()) {
        drip_.look(wire_.socket(), host_.clock().now);
        read(1);
        return on_changed();
      }
      // Its replies wait for it, and fill its outbox.
      for (std::uint32_t i = dice.below(40); i > 0 && sends; --i) commands.send_one();
      read(dice.below(2000));
      return on_changed();
    case Kind::silent:
      return;
    case Kind::abusive:
      return misbehave();
    case Kind::reconnecting:
      if (sends && dice.chance(50)) commands.send_one();
      if (dice.chance(40)) leave();
      return;
    case Kind::half_open:
      if (sends && dice.chance(50)) commands.send_one();
      if (dice.chance(30)) {
        wire_.vanish();
        remember();
      } else {
        read(static_cast<std::size_t>(-1));
        on_changed();
      }
      return;
  }
}

void SimulatedClient::misbehave() {
  Dice& dice = host_.dice();
  done_.misbehaved = true;
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
      if (profile() == Profile::service && phase_ == Phase::open && !done_.sent_close) {
        ServiceCommands commands(host_, node_, wire_, expected_);
        for (std::uint32_t i = dice.below(60); i > 0; --i) commands.send_one();
      }
      return;
  }
}

void SimulatedClient::leave() {
  if (phase_ == Phase::gone) return;
  if (wire_.has_vanished()) {
    be_gone();
  } else if (phase_ == Phase::open && host_.dice().chance(40)) {
    done_.sent_close = true;
    wire_.send_frame(8, std::string("\x03\xe8", 2));
  } else if (host_.dice().chance(50)) {
    wire_.end();
  } else {
    wire_.reset();
    be_gone();
  }
}

void SimulatedClient::calm_down() {
  if (phase_ == Phase::gone || wire_.has_vanished()) return;
  done_.calm = true;
  drip_.end();
  wire_.socket().buffer_max = 1 << 24;
  wire_.socket().read_bytes_max = 1 << 20;
  read(static_cast<std::size_t>(-1));
  on_changed();
}

}  // namespace carillon::simulation
