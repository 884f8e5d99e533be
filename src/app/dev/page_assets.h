// The files of the page of `carillon dev` (src/app/dev/page), embedded at build time.
#pragma once

#include <optional>
#include <string_view>

namespace carillon::app {

// One file. The views are valid for the life of the process.
struct PageAsset {
  std::string_view content_type;
  std::string_view text;
};

// Returns the file with this path of a URL; nothing for any other path. Thread: any; pure.
std::optional<PageAsset> page_asset(std::string_view path);

}  // namespace carillon::app
