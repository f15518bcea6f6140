// Where the command line prints: the process's streams, or strings in tests.
#pragma once

#include <istream>
#include <ostream>

namespace sluice::daemon {

struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool colour_out = false;  // `out` is a terminal that shows colours
  bool colour_err = false;
  bool terminal_out = false;  // `out` is a terminal
  bool terminal_err = false;  // `err` is a terminal that can write over a line
};

}  // namespace sluice::daemon
