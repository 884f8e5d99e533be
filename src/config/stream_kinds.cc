#include "config/stream_kinds.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/auth_kinds.h"

namespace carillon::config {
namespace {

constexpr std::string_view kQuery = "query:";

constexpr std::array<std::pair<std::string_view, Transport>, 3> kTransports{
    {{"websocket", Transport::websocket}, {"sse", Transport::sse}, {"ndjson", Transport::ndjson}}};

std::vector<std::string> transport_names() {
  std::vector<std::string> names;
  for (const auto& each : kTransports) names.emplace_back(each.first);
  return names;
}

bool is_in(const std::vector<Transport>& all, Transport transport) {
  return std::find(all.begin(), all.end(), transport) != all.end();
}

}  // namespace

std::string_view name_of(Transport transport) {
  return kTransports[static_cast<std::size_t>(transport)].first;
}

bool StreamSettings::has(Transport transport) const { return is_in(transports, transport); }

bool StreamSettings::has_streams() const { return has(Transport::sse) || has(Transport::ndjson); }

std::string_view StreamSettings::channels_parameter() const {
  return std::string_view(channels).substr(std::min(kQuery.size(), channels.size()));
}

std::string TransportsKind::show(const std::vector<Transport>& field) const {
  std::vector<std::string> names;
  for (const Transport each : field) names.emplace_back(name_of(each));
  return toml_list(names);
}

void TransportsKind::read(const Place& place, Reading& reading, std::vector<Transport>& field) const {
  if (place.node.kind != Node::Kind::array) {
    wrong_type(place, reading, cat({"a list such as ", example()}));
    return;
  }
  if (place.node.items.empty()) {
    reading.fault(place, R"(is empty, so no client could connect; write ["websocket"])");
    return;
  }
  const std::size_t errors = reading.report.error_count();
  std::vector<Transport> all;
  for (const Place& at : items_of(place)) {
    const auto index = word_in(at, reading, transport_names());
    if (!index) continue;
    const Transport transport = kTransports[*index].second;
    if (is_in(all, transport)) {
      reading.fault(at, cat({quoted(name_of(transport)), " is in the list twice; write it once"}));
    } else {
      all.push_back(transport);
    }
  }
  if (reading.report.error_count() == errors) field = std::move(all);
}

void QueryParameterKind::read(const Place& place, Reading& reading, std::string& field) const {
  const std::string& text = place.node.text;
  if (place.node.kind != Node::Kind::string) {
    wrong_type(place, reading, type());
  } else if (text.empty() ||
             (text.starts_with(kQuery) && is_parameter_name(std::string_view(text).substr(kQuery.size())))) {
    field = text;
  } else {
    reading.fault(place, cat({quoted(text), " is not a parameter of the query; write ", example()}));
  }
}

}  // namespace carillon::config
