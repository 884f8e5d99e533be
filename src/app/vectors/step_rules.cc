#include "app/vectors/step_rules.h"

#include <algorithm>
#include <optional>

#include "app/vectors/comparison.h"
#include "app/vectors/requests.h"
#include "config/load.h"
#include "config/text.h"

namespace carillon::app {
namespace {

// Each returns what is wrong with a value; empty: nothing.
using Check = std::string (*)(const json::Value& value);

// A member of a step or of an object in it.
struct Rule {
  std::string_view name;
  Check check;
};

using Rules = std::vector<Rule>;

std::string any(const json::Value&) { return {}; }
std::string text(const json::Value& value) { return value.string() ? "" : "must be a text"; }
std::string integer_between(const json::Value& value, std::int64_t least, std::int64_t most) {
  const auto number = value.integer();
  if (number && *number >= least && *number <= most) return {};
  return "must be an integer from " + std::to_string(least) + " to " + std::to_string(most);
}
std::string count(const json::Value& value) { return integer_between(value, 1, kCountMax); }
std::string repeat(const json::Value& value) { return integer_between(value, 1, kRepeatMax); }
std::string listener(const json::Value& value) { return integer_between(value, 0, 63); }
std::string number(const json::Value& value) { return integer_between(value, 0, 1'000'000'000); }
std::string status(const json::Value& value) {
  for (const json::Value& each : value.elements()) {
    if (auto fault = integer_between(each, 100, 599); !fault.empty()) return fault;
  }
  return value.is(json::Type::array) ? "" : integer_between(value, 100, 599);
}
std::string yes(const json::Value& value) {
  return value.boolean() == true ? "" : "must be true, or left out";
}
std::string close_code(const json::Value& value) {
  return value.is(json::Type::null) ? "" : integer_between(value, 0, 65'535);
}
std::string object(const json::Value& value) {
  return value.is(json::Type::object) ? "" : "must be an object";
}
std::string token(const json::Value& value) {
  return value.string() || value.is(json::Type::object)
             ? ""
             : "must be an object of claims, or the token as a text";
}
std::string duration(const json::Value& value) {
  const auto words = value.string();
  return words && parse_step_duration(*words)
             ? ""
             : "must be a time of at most a day, such as \"15s\" or \"250ms\"";
}
std::string hex(const json::Value& value) {
  const std::string digits = value.string().value_or("x");
  const bool is_hex = digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  return is_hex && digits.size() % 2 == 0 ? "" : "must be pairs of hexadecimal digits, such as \"22ff\"";
}
std::string texts(const json::Value& value) {
  if (!value.is(json::Type::array) || !value.at(0)) return "must be a list of texts";
  for (const json::Value& each : value.elements()) {
    if (!each.string()) return "must be a list of texts";
  }
  return {};
}
std::string headers(const json::Value& value) {
  constexpr const char* kForm = "must be an object whose members are texts, lists of texts or null";
  if (!value.is(json::Type::object)) return kForm;
  for (const json::Member& member : value.members()) {
    const bool is_one = member.value.is(json::Type::null) || member.value.string().has_value();
    if (!is_one && !texts(member.value).empty()) return kForm;
  }
  return {};
}
std::string counts(const json::Value& value) {
  if (!value.is(json::Type::object)) return "must be an object, such as {\"chat\": 1}";
  for (const json::Member& member : value.members()) {
    if (auto fault = number(member.value); !fault.empty()) return fault;
  }
  return {};
}

std::string names_of(const Rules& rules) {
  std::vector<std::string> names;
  for (const Rule& rule : rules) names.emplace_back(rule.name);
  return config::joined(names);
}

std::string unknown(const std::string& what, const std::string& name, const Rules& rules) {
  std::vector<std::string> names;
  for (const Rule& rule : rules) names.emplace_back(rule.name);
  const auto near = config::nearest(name, names);
  return what + " has no member " + config::quoted(name) +
         (near ? "; did you mean \"" + *near + "\"?" : "; it may have " + names_of(rules));
}

// Checks every member of an object.
std::string check_members(const std::string& what, const json::Value& value, const Rules& rules) {
  if (!value.is(json::Type::object)) return what + " must be an object";
  for (const json::Member& member : value.members()) {
    const auto rule =
        std::find_if(rules.begin(), rules.end(), [&](const Rule& each) { return member.named(each.name); });
    if (rule == rules.end()) return unknown(what, member.name().value_or(""), rules);
    if (const std::string fault = rule->check(member.value); !fault.empty()) {
      return "\"" + std::string(rule->name) + (fault.starts_with(':') ? "\"" : "\" ") + fault;
    }
  }
  return {};
}

// How many of these members the object has.
std::size_t how_many(const json::Value& value, std::initializer_list<std::string_view> names) {
  return static_cast<std::size_t>(std::count_if(
      names.begin(), names.end(), [&](std::string_view name) { return value.find(name).has_value(); }));
}

std::string signature(const json::Value& value) {
  const Rules rules = {{"alg", text}, {"with", text}};
  if (auto fault = check_members("\"signed\"", value, rules); !fault.empty()) return ": " + fault;
  const std::string alg = text_at(value, "alg", "HS256");
  if (alg != "none" && alg != "HS256" && alg != "HS384" && alg != "HS512") {
    return ": \"alg\" must be HS256, HS384, HS512 or none";
  }
  const auto with = value.find("with");
  return !with || with->equals("another key") ? "" : ": \"with\" must be \"another key\", or left out";
}

std::string refused(const json::Value& value) {
  const Rules rules = {{"status", status}, {"headers", headers}, {"body", any}};
  if (auto fault = check_members("\"refused\"", value, rules); !fault.empty()) return ": " + fault;
  return value.find("status") ? "" : ": \"status\" is missing";
}

std::string answer(const json::Value& value) {
  const Rules rules = {{"status", status}, {"headers", headers}, {"body", any}, {"json", object}};
  if (auto fault = check_members("\"answer\"", value, rules); !fault.empty()) return ": " + fault;
  return value.find("status") ? "" : ": \"status\" is missing";
}

std::string log_fields(const json::Value& value) {
  const auto message = value.find("message");
  return message && message->string() ? "" : "must be an object with \"message\"";
}

std::string frame(const json::Value& value) {
  if (value.equals("end") || value.equals("...")) return {};
  const Rules rules = {{"text", any},         {"binary", text}, {"ping", text},  {"pong", text},
                       {"close", close_code}, {"reason", text}, {"count", count}};
  if (!value.is(json::Type::object)) {
    return "a frame must be an object, such as {\"text\": {\"type\": \"pong\"}}, or \"end\", or \"...\"";
  }
  if (auto fault = check_members("a frame", value, rules); !fault.empty()) return fault;
  if (how_many(value, {"text", "binary", "ping", "pong", "close"}) == 1) return {};
  return "a frame must have one of \"text\", \"binary\", \"ping\", \"pong\" and \"close\"";
}

std::string frames(const json::Value& value) {
  if (!value.is(json::Type::array)) return "must be a list; [] expects that nothing has come";
  std::size_t place = 0;
  for (const json::Value& each : value.elements()) {
    ++place;
    if (auto fault = frame(each); !fault.empty()) return ": frame " + std::to_string(place) + ": " + fault;
  }
  return {};
}

std::string real_steps(const json::Value& value) {
  return value.is(json::Type::array) ? "" : "must be a list of steps";
}

// A step: the rules of its members, the first of which names it, and those that must not be absent.
struct Verb {
  Rules rules;
  std::vector<std::string_view> needed;  // one of them
};

Verb connect_verb() {
  return {{{"connect", text},
           {"target", text},
           {"method", text},
           {"headers", headers},
           {"plain", yes},
           {"token", token},
           {"signed", signature},
           {"from", text},
           {"listener", listener},
           {"refused", refused},
           {"times", count},
           {"pongs", yes}},
          {"target"}};
}

Verb send_verb() {
  return {{{"send", text},
           {"text", any},
           {"binary", any},
           {"ping", any},
           {"pong", any},
           {"close", close_code},
           {"reason", text},
           {"fragments", texts},
           {"hex", hex},
           {"repeat", repeat},
           {"count", count}},
          {"text", "binary", "ping", "pong", "close", "fragments", "hex"}};
}

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> all = {
      connect_verb(),
      {{{"publish", text}, {"body", any}, {"body_hex", hex}, {"count", count}}, {"body", "body_hex"}},
      {{{"expect", text}, {"frames", frames}}, {"frames"}},
      send_verb(),
      {{{"wait", duration}}, {}},
      {{{"connections", counts}}, {}},
      {{{"drop", text}}, {}},
      {{{"stop_reading", text}}, {}},
      {{{"read", text}}, {}},
      {{{"drain", yes}}, {}},
      {{{"log", log_fields}}, {}},
      {{{"never_logged", text}}, {}},
      {{{"http", text}, {"headers", headers}, {"body", any}, {"answer", answer}}, {"answer"}},
      {{{"real", real_steps}}, {}},
  };
  return all;
}

std::string unknown_step(const std::string& name) {
  std::vector<std::string> names;
  for (const Verb& verb : verbs()) names.emplace_back(verb.rules.front().name);
  const auto near = config::nearest(name, names);
  return "there is no step " + config::quoted(name) +
         (near ? "; did you mean \"" + *near + "\"?" : "; the steps are " + config::joined(names));
}

std::string alternatives(const std::vector<std::string_view>& names) {
  return config::alternatives({names.begin(), names.end()});
}

std::string check_size(const json::Value& step) {
  for (const std::string_view name : {"text", "binary", "ping", "pong", "fragments"}) {
    const auto payload = step.find(name);
    if (!payload) continue;
    const auto bytes = static_cast<std::int64_t>(payload->raw().size());
    if (bytes * number_at(step, "repeat", 1) * number_at(step, "count", 1) > kMessageBytesMax) {
      return "\"repeat\" and \"count\" make more than 16 MiB of messages";
    }
  }
  return {};
}

}  // namespace

std::string StepChecker::check(const json::Value& step) {
  const auto first = step.members().begin();
  if (first == step.members().end()) return "a step must be an object, such as {\"wait\": \"15s\"}";
  const std::string name = first->name().value_or("");
  const auto verb = std::find_if(verbs().begin(), verbs().end(),
                                 [&](const Verb& each) { return each.rules.front().name == name; });
  if (verb == verbs().end()) return unknown_step(name);
  if (auto fault = check_members("\"" + name + "\"", step, verb->rules); !fault.empty()) return fault;
  const auto present = std::count_if(verb->needed.begin(), verb->needed.end(),
                                     [&](std::string_view each) { return step.find(each).has_value(); });
  if (!verb->needed.empty() && present != 1) {
    return "\"" + name + "\" needs " + (verb->needed.size() > 1 ? "exactly one of " : "") +
           alternatives(verb->needed);
  }
  if (name == "connect") return add_clients(step);
  if (name == "send") {
    if (auto fault = check_size(step); !fault.empty()) return fault;
  }
  return check_client(step, name);
}

std::string StepChecker::check_client(const json::Value& step, std::string_view verb) {
  constexpr std::string_view kOfClients[] = {"expect", "send", "drop", "stop_reading", "read"};
  if (std::find(std::begin(kOfClients), std::end(kOfClients), verb) == std::end(kOfClients)) return {};
  const std::string client = text_at(step, verb);
  if (clients_.contains(client)) {
    if (verb == "drop") clients_.erase(client);
    return {};
  }
  return "there is no client " + config::quoted(client) + "; a step before must be {\"connect\": \"" +
         client + "\", …}, without \"refused\"";
}

std::string StepChecker::add_clients(const json::Value& step) {
  if (step.find("refused")) return {};
  const std::string name = text_at(step, "connect");
  const auto times = step.find("times");
  if (clients_.size() >= kClientsMax)
    return "there are more than " + std::to_string(kClientsMax) + " clients";
  if (!times) {
    clients_.insert(name);
    return {};
  }
  for (std::int64_t i = 1; i <= times->integer().value_or(1); ++i) clients_.insert(name + std::to_string(i));
  return {};
}

}  // namespace carillon::app
