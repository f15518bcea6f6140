// The command line of sluice (CONTRACT section 1).
#pragma once

#include <string>
#include <vector>

#include "daemon/console.hpp"
#include "daemon/run.hpp"
#include "flow/context.hpp"

namespace sluice::daemon {

// Does what the arguments (without the program's name) say and returns what the process should exit with. `run` must be
// called before other threads are started (see run.hpp). Everything but the data goes through `console`; the log of
// `run` goes to the process's stderr.
ExitCode command_line(const flow::Context& root, const std::vector<std::string>& arguments, const Console& console);

}  // namespace sluice::daemon
