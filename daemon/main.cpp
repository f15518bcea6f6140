#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "daemon/command_line.hpp"
#include "flow/context.hpp"

int main(int count, char** arguments) {
  // A reader that goes away is an error of write(), with a message, and not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  const bool plain = std::getenv("NO_COLOR") != nullptr;
  const sluice::daemon::Console console{std::cin, std::cout, std::cerr, !plain && isatty(STDOUT_FILENO) == 1,
                                        !plain && isatty(STDERR_FILENO) == 1};
  const sluice::flow::Context root = sluice::flow::background();
  const std::vector<std::string> words(arguments + 1, arguments + count);
  return static_cast<int>(sluice::daemon::command_line(root, words, console));
}
