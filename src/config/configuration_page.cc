#include "config/bounds.h"
#include "config/load.h"
#include "config/options.h"
#include "config/text.h"

namespace carillon::config {
namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

<!-- Written by `config_test` from the tables in src/config; to renew: CARILLON_UPDATE_DOCS=1 config_test -->

Carillon reads one TOML file: `carillon serve FILE`, or without FILE `carillon.toml` or
`/etc/carillon/carillon.toml`. `carillon config init` writes one to begin with. `carillon check FILE` lists every
mistake in it, and what it changes in the profiles. `carillon config show FILE` prints the settings in use, and
`carillon config explain KEY` the descriptions below.

```toml
[server]
listen = ["127.0.0.1:8000", "[::1]:8000"]

[bus]
url = "redis://127.0.0.1:6379"

[keys.main]
algorithms = ["HS256"]
secret = { env = "CARILLON_JWT_SECRET" }

[api]
keys = [{ file = "/etc/carillon/api.key" }]

[[endpoint]]
profile = "orion"
auth.keys = ["main"]
keepalive.ping = "10s"          # overrides the profile's 30s
```

A key that an endpoint does not set has the profile's value (`carillon profile show orion`), and without
one the default. An array replaces the profile's; a table (`auth.missing`) is merged key by key. Dotted
keys and tables mean the same: `keepalive.ping = "10s"` or `[endpoint.keepalive]` and `ping = "10s"`.

- **duration**: `"250ms"`, `"30s"`, `"5m"`, `"1h"`
- **size**: bytes, or `"64KiB"`, `"1MiB"`, `"1GiB"`
- **limit**: a number of at least 1, or `"off"`. 0 never means unlimited, and is refused
- **secret**: `{ env = "NAME" }`, `{ file = "path" }` (a newline at its end is removed), or plain
  text, which causes a warning

The file is at most 1 MiB. A relative path in it is below the folder of the file that it is written in.

A change of a key that *applies at* a reload is used by a running process after `carillon reload` or
SIGHUP, for connected clients as well; the others are used after a restart ([reload](reload.md)).
)";

constexpr std::string_view kVariables = R"(
Every option but those of a route, and an endpoint's `profile` and `name`, can also be set by a variable:
`CARILLON_`, the table, and the key in capital letters, with `_` for every other character. For a key or an endpoint
the table is followed by its name:

| option | variable |
|---|---|
| `server.connections_max` | `CARILLON_SERVER_CONNECTIONS_MAX=5000` |
| `server.listen` | `CARILLON_SERVER_LISTEN='["0.0.0.0:8000"]'` |
| `bus.url` | `CARILLON_BUS_URL=redis://redis:6379` |
| `keys.main.secret` | `CARILLON_KEYS_MAIN_SECRET=…` (where the file has `[keys.main]`) |
| `keepalive.ping` of the endpoint `orion` | `CARILLON_ENDPOINT_ORION_KEEPALIVE_PING=10s` |

A variable comes before the file. Its value is written without quotes, an array or a table as in the file.
`carillon check` notes each variable that is used and warns of one that looks like an option's and is none;
`carillon config show` prints every value with the file's line, the profile or the variable that it comes from.
)";

// In a Markdown table a bar ends the cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string code(std::string_view text) { return cat({"`", cell(text), "`"}); }

}  // namespace

std::string configuration_page() {
  Subjects subjects;
  std::string out(kIntroduction);
  for (const auto& section : sections(subjects)) {
    out += cat({"\n## `", section.table,
                "`\n\n| key | type | default | applies at | what it is |\n|---|---|---|---|---|\n"});
    for (const auto& option : section.options) {
      out += cat({"| ", code(option.key), " | ", cell(option.type), " | ", code(option.default_text), " | ",
                  name_of(option.applies), " | ", cell(option.help), " |\n"});
    }
  }
  out += bounds_section();
  out += "\n## Environment\n\n| variable | what it is |\n|---|---|\n";
  for (const auto& [name, help] : variables()) out += cat({"| ", code(name), " | ", cell(help), " |\n"});
  out += kVariables;
  return out;
}

}  // namespace carillon::config
