#pragma once

#include <string>
#include <string_view>

namespace carillon::config {

// The path as the process can open it: a relative one is below the folder of `source`, the file that it is
// written in, so that a configuration means the same wherever the gateway is started. What is not written in
// a file (the environment, a pipe, the text that a program made) is relative to the working directory.
std::string path_beside(std::string_view source, std::string_view path);

}  // namespace carillon::config
