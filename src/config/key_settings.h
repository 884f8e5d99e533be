#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/time.h"

namespace carillon::config {

// Where a value was written, for messages: "gateway.toml:12", "profile orion", "environment".
struct Origin {
  std::string source;
  std::uint32_t line = 0;  // 0: the source has no lines
  std::string text() const;
};

// Where each key was written, in the last layer that wrote it.
using Written = std::vector<std::pair<std::string, Origin>>;

enum class Switch { off, on };  // a setting that is on or off

// A JSON Web Key Set in a file: its path, and what the file held when the configuration was read.
struct JwksFile {
  std::string path;                         // empty: none
  std::shared_ptr<const std::string> text;  // shared by the endpoints that use the key
};

// One table [keys.<name>].
struct KeySettings {
  std::string name;
  std::vector<std::string> algorithms;  // the allow-list; checked before anything else
  Secret secret;                        // HS*; at least 32 bytes outside dev
  std::string public_key_pem;           // RS*, PS*, ES*, EdDSA
  std::string key_id;                   // only tokens with this `kid`; empty: any
  std::string issuer;                   // required `iss`; empty: any
  std::string audience;                 // required in `aud`; empty: any
  seconds leeway{0};                    // clock skew allowed, at most 30 s
  bool require_exp = false;
  // A key set, instead of a secret or one public key: of a file, a URL, or found through the issuer.
  JwksFile jwks_file;
  std::string jwks_url;
  Switch discovery = Switch::off;
  std::string jwks_ca_file;                 // PEM; empty: the system's certificates
  milliseconds jwks_min_interval{30'000};   // between two fetches
  milliseconds jwks_age_max{3'600'000};     // without Cache-Control, and the most that it may ask for
  milliseconds jwks_stale_max{86'400'000};  // how long keys outlive their age while fetches fail
  milliseconds jwks_wait{2'000};            // of an upgrade whose key is not there yet
  Origin origin;
};

}  // namespace carillon::config
