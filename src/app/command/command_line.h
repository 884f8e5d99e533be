// The command line: its verbs and options, and their help.
#pragma once

namespace carillon::app {

// Parses the arguments, runs the verb and returns the exit code of the process.
int run_command_line(int argc, char** argv);

}  // namespace carillon::app
