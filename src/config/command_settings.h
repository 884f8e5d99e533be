// The commands that clients of an endpoint may send, the keys commands.* of an endpoint.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/json_word.h"
#include "config/requirement.h"

namespace carillon::config {

// What stands at the position of a command's channel: one string, or that or an array of strings.
enum class ChannelForm { string, array };

// The error that answers a publish command where clients may not publish.
enum class WhenOff { unknown, unauthorized };

// The commands that a client may send, found by pointers; a command without a name is off.
struct CommandSettings {
  std::string name;  // pointer to the command's name; empty: there are no commands
  std::vector<Requirement> require;
  struct Subscribe {
    JsonWord is;          // what stands at `name`
    std::string channel;  // pointer
    std::string reply;    // template of the acknowledgement; sent where `acks` is on
  } subscribe, unsubscribe;
  std::string position;  // pointer, in a subscribe command, to the position that events are sent after
  std::string last;      // likewise, to how many of the last events are sent
  ChannelForm channel_form = ChannelForm::string;  // of both
  std::string channels;                            // pointer, in both, to an array of channels; empty: none
  std::uint32_t channels_max = 32;                 // in one array
  struct {
    JsonWord is;
    std::string reply;
  } ping;
  struct {
    JsonWord is;
    std::vector<Requirement> require;
    std::string channel;              // pointer to what takes the place of the star in `to`
    std::string to;                   // pattern of the bus channel
    std::string body;                 // template of the event
    std::string reply;                // template; sent when the bus has accepted the event; empty: no answer
    std::uint32_t waiting_max = 256;  // events of one client that wait for the bus; where there is a reply
    WhenOff when_off = WhenOff::unknown;
  } publish;
  struct {
    JsonWord is;
    std::string channel;               // pointer
    std::string after;                 // pointer to the position that the events follow
    std::string limit;                 // pointer to at most how many
    std::string reply;                 // template
    std::uint32_t events_max = 100;    // in one reply
    std::uint32_t bytes_max = 262144;  // of them; one event may be longer
  } history;
};

}  // namespace carillon::config
