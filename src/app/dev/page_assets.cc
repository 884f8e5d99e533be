#include "app/dev/page_assets.h"

#include <array>

namespace carillon::app {

// Written by cmake/embed_text.cmake.
std::string_view page_index_html();
std::string_view page_page_css();
std::string_view page_page_js();
std::string_view page_card_js();
std::string_view page_events_js();
std::string_view page_live_socket_js();
std::string_view page_snippets_js();
std::string_view page_icon_svg();

namespace {

constexpr std::string_view kScript = "text/javascript; charset=utf-8";

struct Entry {
  std::string_view path;
  std::string_view content_type;
  std::string_view (*text)();
};

constexpr std::array<Entry, 8> kEntries = {{
    {"/", "text/html; charset=utf-8", page_index_html},
    {"/dev/page.css", "text/css; charset=utf-8", page_page_css},
    {"/dev/page.js", kScript, page_page_js},
    {"/dev/card.js", kScript, page_card_js},
    {"/dev/events.js", kScript, page_events_js},
    {"/dev/live_socket.js", kScript, page_live_socket_js},
    {"/dev/snippets.js", kScript, page_snippets_js},
    {"/dev/icon.svg", "image/svg+xml", page_icon_svg},
}};

}  // namespace

std::optional<PageAsset> page_asset(std::string_view path) {
  for (const Entry& entry : kEntries) {
    if (entry.path == path) return PageAsset{entry.content_type, entry.text()};
  }
  return std::nullopt;
}

}  // namespace carillon::app
