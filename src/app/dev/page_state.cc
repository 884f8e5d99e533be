#include "app/dev/page_state.h"

#include <algorithm>
#include <filesystem>

#include "app/dev/screen.h"
#include "config/protocol_kinds.h"
#include "json/writer.h"

namespace carillon::app {
namespace {

namespace fs = std::filesystem;

std::string_view name_of(config::TokenSource source) {
  switch (source) {
    case config::TokenSource::query:
      return "query";
    case config::TokenSource::bearer:
      return "bearer";
    case config::TokenSource::header:
      return "header";
  }
  return "";
}

void write_texts(json::ArrayWriter out, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) out.element(text);
}

// A client key that is also a key of the publish API stays out of the page.
bool may_be_shown(const std::string& credential, const config::ApiSettings& api) {
  return std::none_of(api.keys.begin(), api.keys.end(),
                      [&](const Secret& key) { return key.reveal() == credential; });
}

void write_auth(json::ObjectWriter& out, const PageSource& source, const config::EndpointSettings& settings) {
  if (settings.auth.mode == config::AuthMode::none) return;
  json::ObjectWriter auth = out.object("auth");
  const auto credential = credential_for(settings, source.settings, source.minted);
  if (credential && may_be_shown(*credential, source.settings.api)) auth.member("token", *credential);
  json::ArrayWriter places = auth.array("places");
  for (const config::TokenPlace& each : settings.auth.sources) {
    places.object().member("in", name_of(each.source)).member("name", each.name);
  }
}

void write_command(json::ObjectWriter& commands, std::string_view name,
                   const config::CommandSettings::Subscribe& command, config::ChannelForm form) {
  if (command.is.empty()) return;
  json::ObjectWriter out = commands.object(name);
  if (command.is.kind == config::JsonWord::Kind::string) {
    out.member("is", command.is.text);
  } else {
    out.raw_member("is", command.is.text);
  }
  out.member("channel", command.channel);
  if (form == config::ChannelForm::array) out.member("form", "array");
}

void write_commands(json::ObjectWriter& out, const PageSource& source, const protocol::Endpoint& endpoint) {
  const config::CommandSettings& settings = endpoint.settings.commands;
  if (!endpoint.commands.exist()) return;
  json::ObjectWriter commands = out.object("commands");
  commands.member("name", settings.name);
  write_command(commands, "subscribe", settings.subscribe, settings.channel_form);
  write_command(commands, "unsubscribe", settings.unsubscribe, settings.channel_form);
  if (const auto channel = source.samples.channel_of(endpoint.settings.name)) {
    commands.member("channel", *channel);
  }
  json::ArrayWriter require = commands.array("require");
  for (const config::Requirement& each : settings.require) {
    if (each.presence == config::Requirement::Presence::optional) continue;
    require.object().member("pointer", each.pointer).member("type", config::name_of(each.type));
  }
}

void write_select(json::ObjectWriter& out, const config::SelectSettings& settings) {
  if (settings.by != config::SelectBy::query) return;
  json::ObjectWriter select = out.object("select");
  select.member("parameter", settings.parameter);
  write_texts(select.array("known"), settings.known);
  write_texts(select.array("otherwise"), settings.otherwise);
}

// What `carillon listen` selects events with; the page itself needs less.
void write_selection(json::ObjectWriter& out, const config::EndpointSettings& settings) {
  const config::SelectSettings& select = settings.select;
  if (select.by == config::SelectBy::all) return;
  json::ObjectWriter selection = out.object("selection");
  selection.member("by", word_of(select.by)).member("parameter", select.parameter);
  selection.member("path", settings.path);
  write_texts(selection.array("known"), select.known);
}

void write_samples(json::ObjectWriter& out, const PageSource& source, const std::string& name) {
  json::ArrayWriter samples = out.array("samples");
  for (const Sample& each : source.samples.examples_of(name, source.now)) {
    samples.object().member("channel", each.channel).raw_member("data", each.data);
  }
}

// The page of docs/protocols that is named after the profile.
void write_docs(json::ObjectWriter& out, std::string_view folder, const std::string& profile) {
  if (folder.empty()) return;
  const fs::path page = fs::path(folder) / "protocols" / (fs::path(profile).stem().string() + ".md");
  std::error_code ignored;
  if (fs::is_regular_file(page, ignored)) out.member("docs", page.string());
}

void write_endpoint(json::ArrayWriter& list, const PageSource& source, const protocol::Endpoint& endpoint) {
  const config::EndpointSettings& settings = endpoint.settings;
  json::ObjectWriter out = list.object();
  out.member("name", settings.name).member("profile", settings.profile).member("path", sample_path(settings));
  out.member("receives", endpoint.receives_events()).member("ping", settings.frames.ping);
  write_docs(out, source.docs, settings.profile);
  write_texts(out.array("subprotocols"), settings.subprotocols);
  write_auth(out, source, settings);
  write_select(out, settings.select);
  write_selection(out, settings);
  write_commands(out, source, endpoint);
  write_samples(out, source, settings.name);
}

}  // namespace

std::string_view word_of(config::SelectBy by) {
  switch (by) {
    case config::SelectBy::all:
      return "all";
    case config::SelectBy::query:
      return "query";
    case config::SelectBy::commands:
      return "commands";
    case config::SelectBy::claim:
      return "claim";
    case config::SelectBy::path:
      return "path";
  }
  return "";
}

std::string page_state(const PageSource& source) {
  std::string state;
  json::ObjectWriter out(state);
  out.member("version", CARILLON_VERSION).member("bus", source.bus);
  out.member("samples", source.has_samples).member("docs", source.docs);
  {
    json::ArrayWriter endpoints = out.array("endpoints");
    for (const auto& endpoint : source.endpoints) {
      if (endpoint->is_primary()) write_endpoint(endpoints, source, *endpoint);
    }
  }
  out.close();
  state.pop_back();
  return state;
}

std::string docs_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  // build/release/carillon, below the checkout.
  const fs::path docs = program.parent_path().parent_path().parent_path() / "docs";
  return fs::is_directory(docs / "protocols", error) ? docs.string() : std::string();
}

}  // namespace carillon::app
