#include "app/dev/samples.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

#include "json/outline.h"
#include "json/reader.h"
#include "json/writer.h"

namespace carillon::app {

// src/app/dev/demo_events.jsonl: one {"channel", "data"} a line.
std::string_view demo_events();

namespace {

using Type = config::Requirement::Type;

constexpr std::string_view kText = "sample";
constexpr std::string_view kNumber = "n";
constexpr std::string_view kBody = "$body/";
constexpr std::size_t kDepthMax = 32;

// The members that an event should have, as a tree.
struct Tree {
  Type type = Type::any;
  std::string text;  // of a string; empty: any
  std::map<std::string, Tree> members;
};

std::vector<std::string> tokens_of(std::string_view pointer) {
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      tokens.emplace_back();
    } else if (!tokens.empty()) {
      const bool is_escape = pointer[i] == '~' && i + 1 < pointer.size();
      tokens.back() += is_escape ? (pointer[++i] == '0' ? '~' : '/') : pointer[i];
    }
  }
  return tokens;
}

Tree& node_at(Tree& root, std::string_view pointer) {
  Tree* node = &root;
  std::size_t depth = 0;
  for (const std::string& token : tokens_of(pointer)) {
    if (++depth > kDepthMax) break;
    node = &node->members[token];
  }
  return *node;
}

// The pointers of "$body/name" in a template: each ends before white space, a comma, a quote or a closing
// bracket.
void add_pointers_of(std::string_view event, Tree& root) {
  for (std::size_t at = event.find(kBody); at != std::string_view::npos; at = event.find(kBody, at + 1)) {
    const std::string_view pointer = event.substr(at + kBody.size() - 1);
    node_at(root, pointer.substr(0, pointer.find_first_of(" \t\r\n,\"]}")));
  }
}

Tree shape_of(const config::EndpointSettings& settings) {
  Tree root;
  add_pointers_of(settings.frames.event, root);
  for (const config::Requirement& each : settings.source.require)
    node_at(root, each.pointer).type = each.type;
  if (settings.select.by_values() && settings.select.value != "*") {
    node_at(root, settings.select.value).text = selected_value(settings.select);
  }
  return root;
}

void write_leaf(const Tree& leaf, std::uint64_t number, std::string& out) {
  const std::string digits = std::to_string(number);
  switch (leaf.type) {
    case Type::any:
    case Type::string:
      return json::append_string(out, leaf.text.empty() ? kText : std::string_view(leaf.text));
    case Type::null:
      out += "null";
      return;
    case Type::boolean:
      out += "true";
      return;
    case Type::number:
      out += leaf.text.empty() ? digits : leaf.text;
      return;
    case Type::array:
      out += "[" + digits + "]";
      return;
    case Type::object:
      out += R"({"n":)" + digits + "}";
      return;
  }
}

void write_tree(const Tree& tree, std::uint64_t number, std::string& out) {
  if (tree.members.empty()) return write_leaf(tree, number, out);
  const bool is_array = tree.type == Type::array;
  out += is_array ? '[' : '{';
  char separator = 0;
  for (const auto& [name, member] : tree.members) {
    if (separator != 0) out += separator;
    separator = ',';
    if (!is_array) {
      json::append_string(out, name);
      out += ':';
    }
    write_tree(member, number, out);
  }
  out += is_array ? ']' : '}';
}

std::string body_of(Tree root, std::uint64_t number) {
  const bool is_object = root.type == Type::any || root.type == Type::object;
  if (is_object && root.members.empty()) root.members["text"].text = "A sample event";
  // So that each event differs from the one before.
  if (is_object) root.members.try_emplace(std::string(kNumber), Tree{Type::number, {}, {}});
  std::string body;
  write_tree(root, number, body);
  return body;
}

// Clients that have not subscribed to a channel receive only what is for everyone.
std::optional<std::string> channel_of(const protocol::Endpoint& endpoint) {
  const config::SelectSettings& select = endpoint.settings.select;
  const bool is_selected = select.by_values() && select.value == "*";
  const std::string star = is_selected ? selected_value(select) : std::string(kText);
  for (const auto* patterns : {&endpoint.source.broadcast(), &endpoint.source.channels()}) {
    for (const ChannelPattern& pattern : *patterns) {
      if (!pattern.is_reserved()) return pattern.with_star(star);
    }
  }
  return std::nullopt;
}

std::vector<Sample> built_in_events() {
  std::vector<Sample> events;
  std::string_view text = demo_events();
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    const json::Value event = json::Value::of_valid(line);
    events.push_back({event.find("channel")->string().value(), std::string(event.find("data")->raw())});
  }
  return events;
}

// The times in demo_events.jsonl are those of the examples in docs/protocols: strings on this day.
constexpr std::string_view kDocumentedDay = "\"2026-01-01T";

// The event with `now` in place of the documented times, each as precise as it was.
Sample at_time(Sample sample, WallTime now) {
  std::string& data = sample.data;
  for (std::size_t at = data.find(kDocumentedDay); at != std::string::npos;
       at = data.find(kDocumentedDay, at + 1)) {
    const std::size_t end = data.find('"', at + 1);
    const bool has_fraction = data.substr(at, end - at).find('.') != std::string::npos;
    data.replace(at + 1, end - at - 1, has_fraction ? rfc3339_milliseconds(now) : rfc3339_seconds(now));
  }
  return sample;
}

}  // namespace

std::string selected_value(const config::SelectSettings& select) {
  for (const std::vector<std::string>* values : {&select.otherwise, &select.known}) {
    if (!values->empty() && values->front() != "*") return values->front();
  }
  return std::string(kText);
}

std::string sample_path(const config::EndpointSettings& endpoint) {
  std::string path = endpoint.path;
  if (endpoint.select.by != config::SelectBy::path) return path;
  const std::string parameter = "{" + endpoint.select.parameter + "}";
  const std::size_t at = path.find(parameter);
  if (at != std::string::npos) path.replace(at, parameter.size(), selected_value(endpoint.select));
  return path;
}

std::string Sample::line() const {
  std::string line;
  json::ObjectWriter writer(line);
  writer.member("channel", channel).raw_member("data", data);
  writer.close();
  return line;
}

bool accepts(const protocol::Endpoint& endpoint, const Sample& sample) {
  if (!endpoint.receives_events()) return false;
  const auto match = endpoint.source.match(sample.channel);
  if (!match) return false;
  json::Outline body(sample.data);
  return endpoint.source.judge(*match, body).has_value();
}

std::optional<Sample> make_sample(const protocol::Endpoint& endpoint, std::uint64_t number) {
  const auto channel = channel_of(endpoint);
  if (!channel) return std::nullopt;
  Sample sample{*channel, body_of(shape_of(endpoint.settings), number)};
  if (!accepts(endpoint, sample)) return std::nullopt;
  return sample;
}

Samples::Samples(const Endpoints& endpoints) {
  const std::vector<Sample> events = built_in_events();
  for (const auto& endpoint : endpoints) {
    if (!endpoint->is_primary()) continue;
    Cycle& cycle = cycles_.emplace_back(Cycle{endpoint, {}, 0});
    const auto is_own = [&](const Sample& event) {
      return accepts(*endpoint, event) &&
             std::none_of(endpoints.begin(), endpoints.end(), [&](const auto& each) {
               return each->is_primary() && each->index != endpoint->index && accepts(*each, event);
             });
    };
    // An endpoint that also receives the events of others has its own as examples.
    std::copy_if(events.begin(), events.end(), std::back_inserter(cycle.events), is_own);
    cycle.has_own = !cycle.events.empty();
    if (cycle.has_own) continue;
    std::copy_if(events.begin(), events.end(), std::back_inserter(cycle.events),
                 [&endpoint](const Sample& event) { return accepts(*endpoint, event); });
  }
}

std::vector<Sample> Samples::next(WallTime now) {
  std::vector<Sample> samples;
  ++number_;
  for (Cycle& cycle : cycles_) {
    const bool has_one =
        !cycle.has_own && std::any_of(samples.begin(), samples.end(),
                                      [&](const Sample& each) { return accepts(*cycle.endpoint, each); });
    if (has_one) continue;
    if (auto sample = take(cycle, number_)) samples.push_back(at_time(std::move(*sample), now));
  }
  return samples;
}

const Samples::Cycle* Samples::find(std::string_view name) const {
  const auto found = std::find_if(cycles_.begin(), cycles_.end(),
                                  [&](const Cycle& cycle) { return cycle.endpoint->settings.name == name; });
  return found == cycles_.end() ? nullptr : &*found;
}

std::optional<Sample> Samples::example_of(std::string_view name, WallTime now) const {
  const Cycle* const cycle = find(name);
  if (!cycle) return std::nullopt;
  if (cycle->events.empty()) return make_sample(*cycle->endpoint, 1);
  return at_time(cycle->events.front(), now);
}

std::vector<Sample> Samples::examples_of(std::string_view name, WallTime now) const {
  std::vector<Sample> examples;
  const Cycle* const cycle = find(name);
  if (!cycle) return examples;
  for (const Sample& event : cycle->events) {
    const bool is_known = std::any_of(examples.begin(), examples.end(),
                                      [&](const Sample& each) { return each.channel == event.channel; });
    if (!is_known && examples.size() < kExamplesMax) examples.push_back(at_time(event, now));
  }
  if (examples.empty()) {
    if (auto made = make_sample(*cycle->endpoint, 1)) examples.push_back(std::move(*made));
  }
  return examples;
}

std::optional<std::string> Samples::channel_of(std::string_view name) const {
  const Cycle* const cycle = find(name);
  if (!cycle || cycle->endpoint->settings.select.by != config::SelectBy::commands) return std::nullopt;
  const protocol::Source& source = cycle->endpoint->source;
  for (const Sample& event : cycle->events) {
    const auto match = source.match(event.channel);
    if (match && match->kind == protocol::Source::Match::Kind::channel) return std::string(match->star);
  }
  return source.channels().empty() ? std::nullopt : std::optional<std::string>(kText);
}

bool Samples::is_opening(const Sample& sample) {
  const std::vector<Sample> events = built_in_events();
  return sample.channel == events.front().channel && sample.data == events.front().data;
}

std::optional<Sample> Samples::take(Cycle& cycle, std::uint64_t number) {
  if (cycle.events.empty()) return make_sample(*cycle.endpoint, number);
  const std::size_t index = std::exchange(cycle.next, (cycle.next + 1) % cycle.events.size());
  return cycle.events[index];
}

}  // namespace carillon::app
