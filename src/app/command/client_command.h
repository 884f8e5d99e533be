// A command as a client of an endpoint sends it, made from the pointers of its protocol.
//
// Pure; thread: any.
#pragma once

#include <string>

#include "config/settings.h"

namespace carillon::app {

// The message with which a client subscribes to a channel: {"type":"subscribe","data":{"channel":"room:1"}}.
// Members that commands.require names are there, with an empty value of their type. The endpoint must have
// the command (`subscribe.is`).
std::string subscribe_command(const config::CommandSettings& commands, const std::string& channel);

}  // namespace carillon::app
