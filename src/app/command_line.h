// The command line: which words there are, what they mean, and help that reads well.
#pragma once

namespace carillon::app {

int run_command_line(int argc, char** argv);

}  // namespace carillon::app
