#include "fan_out/channels.h"

#include <sys/socket.h>

#include <utility>

#include "common/json_line.h"

namespace carillon::bench {
namespace {

constexpr std::string_view kHotChannel = "service.channel.hot";
constexpr std::string_view kPrefix = "service.channel.";

// As long as it takes to make the frame kFrameBytes.
const std::string& body() {
  static const std::string text =
      R"({"type":"news","data":{"text":")" +
      padding_for(R"({"type":"news","data":{"text":""},"timestamp":"2026-01-01T00:00:00Z"})") + R"("}})";
  return text;
}

std::string subscribe(const std::string& channel) {
  return R"({"type":"subscribe","data":{"channel":")" + channel + R"("}})";
}

// The phases of one kind, as microseconds of CPU a delivery.
struct Side {
  std::vector<double> cpu_us;
  std::vector<double> publishing_us;
  std::vector<double> sweeping_us;
  std::vector<double> events_a_write;

  void add(const Phases::Phase& phase, double deliveries) {
    const auto a_delivery = [deliveries](std::int64_t ns) {
      return static_cast<double>(ns) / 1000 / deliveries;
    };
    cpu_us.push_back(a_delivery(phase.span.cpu_ns));
    publishing_us.push_back(a_delivery(phase.publishing.cpu_ns));
    sweeping_us.push_back(a_delivery(phase.span.cpu_ns - phase.publishing.cpu_ns));
    events_a_write.push_back(deliveries / static_cast<double>(phase.writes));
  }
};

void add_side(json::ObjectWriter& object, const std::string& name, const Side& side) {
  add_spread(object, name + "_cpu_us", spread_of(side.cpu_us));
  add_spread(object, name + "_publishing_us", spread_of(side.publishing_us));
  add_spread(object, name + "_sweeping_us", spread_of(side.sweeping_us));
  object.member(name + "_events_a_write", to_a_thousandth(spread_of(side.events_a_write).median));
}

}  // namespace

std::vector<std::string> ChannelsBench::hellos(std::uint32_t channels_each) {
  std::vector<std::string> hellos{subscribe("hot")};
  for (std::uint32_t i = 0; i < channels_each; ++i) hellos.push_back(subscribe("c$i-" + std::to_string(i)));
  hellos.emplace_back(R"({"type":"ping"})");
  return hellos;
}

void ChannelsBench::draw(std::uint32_t pending) {
  names_.clear();
  name_ends_.clear();
  std::uniform_int_distribution<std::uint32_t> channel(0, channels_each_ - 1);
  for (std::uint32_t turn = 0; turn < pending; ++turn, ++round_) {
    for (std::uint32_t position = 0; position < phases_.clients(); ++position) {
      const std::uint32_t client = clients_in_turn_.at(round_, position);
      names_.append(kPrefix) += 'c' + std::to_string(client) + '-' + std::to_string(channel(random_));
      name_ends_.push_back(static_cast<std::uint32_t>(names_.size()));
    }
  }
}

void ChannelsBench::publish_drawn() {
  gateway::Router& router = phases_.gateway().router();
  std::uint32_t begin = 0;
  for (const std::uint32_t end : name_ends_) {
    router.on_event(Event{std::string_view(names_).substr(begin, end - begin), body()});
    begin = end;
  }
  router.on_batch_end();
}

void ChannelsBench::publish_hot(std::uint32_t pending) {
  gateway::Router& router = phases_.gateway().router();
  for (std::uint32_t i = 0; i < pending; ++i) router.on_event(Event{kHotChannel, body()});
  router.on_batch_end();
}

// The clients' frames lie as the engine's do: behind those of all the others of the same turn.
std::uint64_t ChannelsBench::send_scattered(std::uint32_t pending) const {
  std::uint64_t whole = 0;
  std::vector<iovec> pieces(pending);
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pending;
  const std::size_t clients = notes_.descriptors.size();
  for (std::size_t position = 0; position < clients; ++position) {
    for (std::size_t turn = 0; turn < pending; ++turn) {
      const char* const frame = frames_.data() + (turn * clients + position) * kFrameBytes;
      pieces[turn] = {const_cast<char*>(frame), kFrameBytes};
    }
    const ssize_t sent = ::sendmsg(notes_.descriptors[position], &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(pending * kFrameBytes)) ++whole;
  }
  return whole;
}

Result<Phases::Phase> ChannelsBench::floor(std::uint32_t pending) {
  const std::uint64_t deliveries = std::uint64_t{phases_.clients()} * pending;
  const auto write_frames = [this,
                             deliveries] {  // anew, as the engine does: where they are then in the caches
    frames_.clear();
    for (std::uint64_t i = 0; i < deliveries; ++i) frames_.append(notes_.bytes, 0, kFrameBytes);
  };
  return phases_.floor(deliveries, write_frames, [this, pending] { return send_scattered(pending); });
}

Result<std::string> ChannelsBench::against_one_channel(std::uint32_t pending, std::uint32_t pairs) {
  const std::uint64_t deliveries = std::uint64_t{phases_.clients()} * pending;
  auto notes = phases_.learn(pending, [this, pending] { publish_hot(pending); });
  if (!notes) return tl::unexpected(notes.error());
  notes_ = *std::move(notes);
  Side of_many;
  Side of_one;
  Side of_floor;
  for (std::uint32_t i = 0; i < pairs * 2; ++i) {
    const bool manys_turn = is_first_sides_turn(i);
    if (manys_turn) draw(pending);
    const auto phase = manys_turn ? phases_.engine(deliveries, [this] { publish_drawn(); })
                                  : phases_.engine(deliveries, [this, pending] { publish_hot(pending); });
    if (!phase) return tl::unexpected(phase.error());
    (manys_turn ? of_many : of_one).add(*phase, static_cast<double>(deliveries));
    if (!manys_turn) continue;
    const auto bare = floor(pending);
    if (!bare) return tl::unexpected(bare.error());
    of_floor.add(*bare, static_cast<double>(deliveries));
  }
  std::string line;
  json::ObjectWriter object(line);
  object.member("row", "channels").member("clients", phases_.clients());
  object.member("channels", std::uint64_t{phases_.clients()} * channels_each_).member("pending", pending);
  object.member("frame_bytes", kFrameBytes).member("pairs", pairs);
  add_side(object, "many", of_many);
  add_side(object, "one", of_one);
  add_spread(object, "floor_cpu_us", spread_of(of_floor.cpu_us));
  object.member("ratio", to_a_thousandth(spread_of(of_many.cpu_us).median / spread_of(of_one.cpu_us).median));
  add_spread(object, "ratio_of_pairs", spread_of(ratios(of_many.cpu_us, of_one.cpu_us)));
  object.close();
  return line;
}

}  // namespace carillon::bench
