#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/option.h"
#include "config/settings.h"

namespace carillon::config {

// EndpointLoader: reads the tables [[endpoint]]: each is a profile, then what the file writes, then what the
// environment sets.
class EndpointLoader {
 public:
  // `source` names the file in messages. Both outlive this.
  EndpointLoader(const std::string& source, Reading& reading) : source_(source), reading_(reading) {}

  // Adds the endpoints of the file to the settings. Server, bus and keys have been loaded.
  void load(const Node& root, Settings& settings);
  // In a profile's file the key is written without the endpoint: "frames.event", not
  // "endpoint[0].frames.event".
  void shorten_key(Problem& problem) const;

 private:
  Origin at(std::uint32_t line) const { return {source_, line}; }
  void load_endpoint(const Node& table, const std::string& prefix, Settings& settings);
  void apply_variables_of(EndpointSettings& endpoint, std::vector<Option> options);
  std::optional<Profile> find_profile(const Node& table, const std::string& prefix);
  std::optional<Profile> read_profile(const Node& written, const std::string& prefix);
  void apply_profile(const Profile& profile, const std::vector<Option>& options, const std::string& prefix,
                     Written& written);
  void note_overrides(const EndpointSettings& endpoint, const std::vector<Option>& options,
                      const std::vector<std::string>& before, const Written& of_profile);

  // A profile of the user's own.
  struct ProfileFile {
    std::string path;
    std::string text;
  };

  const std::string& source_;
  Reading& reading_;
  std::deque<ProfileFile> profile_files_;  // a Profile's views point into it
};

}  // namespace carillon::config
