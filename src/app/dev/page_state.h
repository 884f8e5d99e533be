// What the page of `carillon dev` shows, as JSON: the compiled endpoints with samples and credentials.
//
// Pure; thread: any, one at a time.
#pragma once

#include <string>
#include <string_view>

#include "app/dev/samples.h"
#include "base/time.h"
#include "config/settings.h"

namespace carillon::app {

// What the page is made from.
struct PageSource {
  const Samples::Endpoints& endpoints;
  const config::Settings& settings;
  const Samples& samples;
  WallTime minted;        // the time at which tokens are issued
  WallTime now;           // of the sample events
  std::string_view bus;   // without its password
  bool has_samples;       // whether sample events are published
  std::string_view docs;  // the folder of the documentation; empty: it is not on this machine
};

// Returns the object for DevPage::show(), without its closing brace. It has the clients' tokens, and never a
// key of the publish API.
std::string page_state(const PageSource& source);

// The name of a way to select events, in the object that page_state() returns: "query", "path".
std::string_view word_of(config::SelectBy by);

// Returns docs/ of the checkout that this program was built in; empty when there is none. Blocks.
std::string docs_folder();

}  // namespace carillon::app
