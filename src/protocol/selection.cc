#include "protocol/selection.h"

#include <algorithm>
#include <utility>

#include "event/channel_name.h"
#include "http/request_head.h"
#include "http/target.h"

namespace carillon::protocol {
namespace {

std::vector<std::string> values_in(const std::vector<std::string_view>& lists) {
  std::vector<std::string> values;
  for (std::string_view list : lists) {
    while (!list.empty()) {
      const std::size_t comma = std::min(list.find(','), list.size());
      const std::string_view value = http::trimmed(list.substr(0, comma));
      list.remove_prefix(std::min(comma + 1, list.size()));
      const bool again = std::find(values.begin(), values.end(), value) != values.end();
      if (!value.empty() && !again) values.emplace_back(value);
    }
  }
  return values;
}

}  // namespace

std::optional<std::vector<std::string>> listed_values(std::string_view query, std::string_view parameter) {
  const auto parameters = http::QueryParameters::parse(query);
  if (!parameters || !parameters->is_readable(parameter)) return std::nullopt;
  return values_in(parameters->all(parameter));
}

std::optional<Selection> select(const config::SelectSettings& settings, const Source& source,
                                std::string_view query, std::size_t values_max) {
  auto listed = listed_values(query, settings.parameter);
  if (!listed) return std::nullopt;
  std::vector<std::string> values = std::move(*listed);
  if (values.empty()) values = settings.otherwise;
  const bool everything = values.size() == 1 && values.front() == "*" && settings.otherwise == values;
  Selection selection;
  if (!settings.known.empty()) {
    for (const std::string& value : everything ? settings.known : values) {
      if (const auto tag = source.tag_of(value)) selection.tags |= mask_of(*tag);
    }
    return selection;
  }
  selection.everything = everything;
  if (everything) return selection;
  if (values.size() > values_max) return std::nullopt;
  std::erase_if(values,
                [](const std::string& value) { return channel_name_fault(value) != ChannelNameFault::none; });
  selection.values = std::move(values);
  return selection;
}

Selection selection_of(const config::SelectSettings& settings, const Source& source,
                       std::vector<std::string> values) {
  Selection selection;
  if (settings.known.empty()) {
    selection.values = std::move(values);
    return selection;
  }
  for (const std::string& value : values) {
    if (const auto tag = source.tag_of(value)) selection.tags |= mask_of(*tag);
  }
  return selection;
}

std::optional<Selection> select_by_path(const config::SelectSettings& settings, const Source& source,
                                        const http::PathPattern& pattern, const http::RequestHead& head) {
  const auto values = pattern.match(head.path, head.raw_path);
  if (!values || values->size() != 1) return std::nullopt;
  const std::string_view value = values->front();
  if (channel_name_fault(value) != ChannelNameFault::none) return std::nullopt;
  if (!settings.known.empty() && !source.tag_of(value)) return std::nullopt;
  return selection_of(settings, source, {std::string(value)});
}

}  // namespace carillon::protocol
