#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/command_line.hpp"
#include "flow/context.hpp"

namespace {

// A standard descriptor that is closed would be given to the next file that is opened, and data or messages would go
// into that. What stands in answers like a closed one: it cannot be read (stdin) or written (stdout, stderr).
bool occupy_closed_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(fd, F_GETFD) != -1) continue;
    if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) return false;  // the lowest free one is fd
  }
  return true;
}

bool can_write_over_lines() {
  const char* const terminal = std::getenv("TERM");
  return terminal != nullptr && *terminal != '\0' && std::string_view(terminal) != "dumb";
}

}  // namespace

int main(int count, char** arguments) {
  if (!occupy_closed_descriptors()) return EXIT_FAILURE;
  // A reader that goes away is an error of write(), with a message, and not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  // So is a file that may not grow any more (LimitFSIZE, ulimit -f).
  std::signal(SIGXFSZ, SIG_IGN);
  const bool plain = std::getenv("NO_COLOR") != nullptr;
  const sluice::daemon::Console console{std::cin,
                                        std::cout,
                                        std::cerr,
                                        !plain && isatty(STDOUT_FILENO) == 1,
                                        !plain && isatty(STDERR_FILENO) == 1,
                                        isatty(STDOUT_FILENO) == 1,
                                        isatty(STDERR_FILENO) == 1 && can_write_over_lines()};
  const sluice::flow::Context root = sluice::flow::background();
  const std::vector<std::string> words(arguments + 1, arguments + count);
  return static_cast<int>(sluice::daemon::command_line(root, words, console));
}
