// StdinLines: the lines of standard input, read only while they are wanted, so that what is typed or piped
// waits in the pipe and not in this process.
//
// Thread: the one that runs the io_context. The descriptor stays blocking: a terminal shares that state with
// standard output and with the shell.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace boost::asio {
class io_context;
}

namespace carillon::app {

class StdinLines {
 public:
  static constexpr std::size_t kLineBytesMax = 1024 * 1024;  // a longer line is left out

  struct Handlers {
    std::function<void(std::string line)> on_line;  // without its end; empty lines are left out
    std::function<void(std::string_view note)> on_left_out;
  };
  StdinLines(boost::asio::io_context& io, Handlers handlers);
  ~StdinLines();
  StdinLines(const StdinLines&) = delete;
  StdinLines& operator=(const StdinLines&) = delete;

  // Reads until lines have come, gives them to on_line, and pauses. Does nothing after the end of the input.
  void resume();
  void pause();

 private:
  class Watch;
  void on_readable();
  std::size_t take(std::string_view bytes);
  void give(std::string line);

  Handlers handlers_;
  std::unique_ptr<Watch> watch_;
  std::string rest_;  // the beginning of a line
  bool too_long_ = false;
  bool wanted_ = false;
  bool ended_ = false;
};

}  // namespace carillon::app
